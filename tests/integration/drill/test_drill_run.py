"""`sec-ops drill run` with real systems: saved, lost, brought back in a sandbox, proved, measured and sealed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.backup.restic.client import Restic
from tests.drilled_site import DrilledSite, check, dump_of
from tests.servers.databases import Database, postgresql_server

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
SCHOOL = """
CREATE DATABASE school;
\\c school
CREATE TABLE students AS SELECT id, 'student ' || id AS name FROM generate_series(1, 500) AS id;
CREATE TABLE sec_ops_heartbeat (source text PRIMARY KEY, at timestamptz, beats bigint);
INSERT INTO sec_ops_heartbeat VALUES ('sec-ops', clock_timestamp(), 1);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    with postgresql_server() as started:
        started.say(SCHOOL)
        yield started


@pytest.fixture
def site(tmp_path: Path, restic: Restic, server: Database, capsys: pytest.CaptureFixture[str]) -> DrilledSite:
    site = DrilledSite(tmp_path / "site", capsys)
    site.repository("a", Path(restic.repository.location.path), place="second-site")
    site.plan(SYSTEM, [dump_of(server, "school")])
    service = {"id": "database", "kind": "postgresql", "loads": {"database": "records"}}
    students = check("sql", "database", database="records", query="SELECT count(*) FROM students", at_least=500)
    site.recovery(SYSTEM, [students], services=[service])
    targets = {"rto_seconds": 600, "rpo_seconds": 600}
    site.scenario("gone", "site_loss", {"id": SYSTEM, **targets}, lost_places=["centre"])
    return site


def test_a_database_comes_back_and_is_proved_measured_and_sealed(site: DrilledSite, server: Database) -> None:
    server.say("UPDATE sec_ops_heartbeat SET at = clock_timestamp()", "-d", "school")
    run = site.saved(SYSTEM)
    code, record = site.drill("gone")
    assert (code, record.get("verdict")) == (0, "passed"), json.dumps(record, indent=1)
    (system,) = record["systems"]
    assert (system["run"], system["repository"]) == (run, "a")
    assert sum(system["phases"].values()) == system["rto_ms"]
    assert system["rpo_basis"] == "heartbeat"
    assert system["rto_met"] is system["rpo_met"] is True
    (source,) = system["sources"]
    assert (source["verdict"], source["loaded"], source["tables"], source["tables_proved"]) == ("ok", "ok", 2, 2)
    assert [each["verdict"] for each in system["checks"]] == ["passed"]
    assert record["isolation"]["holds"]
    assert site.scratch() == []
    folder = Path(record["folder"])
    assert json.loads((folder / "manifest.json").read_text())["drill.json"]
    _code, entries = site.call("evidence", "list")
    assert "drill.run/1" in json.dumps(entries)
