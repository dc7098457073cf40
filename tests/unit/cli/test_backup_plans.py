"""`sec-ops backup plans`, `heartbeat` and the jobs of plans, as a person and a timer call them."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sec_ops.cli.backup import VERBS
from sec_ops.cli.main import run
from tests.unit.backup.planning.plans import PLAN, library


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    units = [{"id": "city", "name": {"zh": "市", "en": "city"}, "kind": "city"}]
    (root / "inventory/sites").mkdir(parents=True, exist_ok=True)
    (root / "inventory/sites/city.yml").write_text(yaml.safe_dump({"units": units}))
    (root / "inventory/hosts.yml").write_text("all: {hosts: {web-1: {ansible_host: 127.0.0.1, ansible_port: 9}}}\n")
    return root


def save_ourselves(site: Path) -> None:
    """Name a repository for the site folder itself."""
    own = {"repository": "near", "copy_to": "far", "place": "centre", "answers": "chen"}
    with (site / "sec-ops.yml").open("a") as configuration:
        configuration.write(yaml.safe_dump({"backup": {"own": own}}))


def document(capsys: pytest.CaptureFixture[str], site: Path, *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["--site", str(site), *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_good_plans_are_shown(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN)
    save_ourselves(site)
    code, body = document(capsys, site, "backup", "plans")
    assert (code, body["findings"]) == (0, [])
    plan, ours = body["plans"]
    assert (ours["system"], [each["kind"] for each in ours["sources"]]) == ("sec-ops", ["site"])
    assert (plan["system"], plan["rpo_seconds"], plan["exposure_seconds"]) == ("records", 14400, 3600)
    assert [each["km"] for each in plan["copies"]] == [0.0, pytest.approx(59.1, abs=0.2)]
    assert plan["next_due"].endswith(":00:00.000Z")


def test_findings_are_exit_1(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN | {"copies": []})
    save_ourselves(site)
    code, body = document(capsys, site, "backup", "plans")
    assert (code, [each["kind"] for each in body["findings"]]) == (1, ["no_copy", "not_off_site"])


def test_that_nobody_saves_the_site_itself_is_a_finding(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN)
    code, body = document(capsys, site, "backup", "plans")
    assert (code, [(each["kind"], each["system"]) for each in body["findings"]]) == (1, [("no_plan", "sec-ops")])


def test_the_site_itself_is_saved_by_a_job_even_without_other_plans(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library(site)
    save_ourselves(site)
    _code, body = document(capsys, site, "schedule", "show")
    jobs = {each["id"] for each in body["jobs"]}
    assert "backup-plans" in jobs
    assert ("backup-sec-ops" in jobs) == ("run" in VERBS)


def test_faults_and_secrets_are_exit_4(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN)
    code, body = document(capsys, site, "backup", "plans", "--secrets")
    assert (code, len(body["error"]["faults"])) == (4, 2)
    library(site, PLAN | {"repository": "nera"})
    assert document(capsys, site, "backup", "plans")[0] == 4
    sources = [{**PLAN["sources"][0], "host": "nobody-knows"}]
    library(site, PLAN | {"sources": sources}, PLAN | {"id": "other", "timing": {"daily": "25:61"}})
    code, body = document(capsys, site, "backup", "plans")
    told = {each["path"].split(".")[0] for each in body["error"]["faults"]}
    assert (code, told >= {"sources[0]", "timing"}) == (4, True), told


def test_how_backups_stand_is_sealed_for_the_audit(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN)
    document(capsys, site, "backup", "status", "--seal")
    _code, body = document(capsys, site, "evidence", "list", "--kind", "backup.summary")
    (entry,) = body["entries"]
    _code, shown = document(capsys, site, "evidence", "show", str(entry["seq"]))
    (records,) = shown["entry"]["data"]["systems"]
    assert (records["id"], records["planned"], records["age_minutes"], records["off_site"]) == ("records", True, -1, 1)
    _code, body = document(capsys, site, "evidence", "list", "--kind", "drill.summary")
    (entry,) = body["entries"]
    _code, shown = document(capsys, site, "evidence", "show", str(entry["seq"]))
    (records,) = shown["entry"]["data"]["systems"]
    assert (records["id"], records["drills"], records["whole_days"]) == ("records", 0, -1)


def test_the_example_has_neither_faults_nor_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["backup", "plans", "--example", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["plans"]) == 7


def test_plans_make_jobs_even_beside_one_with_faults(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN, {"id": "broken"})
    _code, body = document(capsys, site, "schedule", "show")
    jobs = {each["id"]: each["command"] for each in body["jobs"]}
    assert jobs["backup-plans"] == ["backup", "plans"]
    assert ("backup-records" in jobs) == ("run" in VERBS)
    assert ("backup-copy-records-far" in jobs) == ("copy" in VERBS)


def test_each_job_of_a_plan_is_a_command_that_exists(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library(site, PLAN)
    _code, body = document(capsys, site, "schedule", "show")
    commands = [each["command"] for each in body["jobs"] if each["command"][0] == "backup"]
    assert commands
    assert [(words, run([*words[:2], "--help"])) for words in commands] == [(words, 0) for words in commands]


def test_sources_that_get_no_heartbeat_are_counted_and_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    far = {"id": "far", "kind": "sqlite", "host": "web-1", "heartbeat": True, "settings": {"path": "/srv/app.db"}}
    plain = {"id": "plain", "kind": "files", "heartbeat": True, "settings": {"paths": ["/srv"]}}
    library(site, PLAN | {"sources": [far, plain]})
    code, body = document(capsys, site, "backup", "heartbeat", "--seconds", "1")
    known = {each["source"]: each for each in body["sources"]}
    assert code == 3
    assert {name: each["beats"] for name, each in known.items()} == {"records/far": 0, "records/plain": 0}
    assert "web-1" in known["records/far"]["error"]
    assert "files" in known["records/plain"]["error"]
    assert run(["--site", str(site), "--lang", "en", "backup", "heartbeat", "--seconds", "1"]) == 3
    shown = capsys.readouterr().out
    assert "2 of 2 sources are without heartbeats" in shown
    assert "records/far: web-1: connection refused" in shown


def test_heartbeats_are_written_and_what_fails_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = site / "app.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE sec_ops_heartbeat (source PRIMARY KEY, at REAL, beats INTEGER)")
    database.close()
    sources = [
        {"id": name, "kind": "sqlite", "heartbeat": True, "settings": {"path": str(place)}}
        for name, place in {"good": path, "bad": site / "no-table.db"}.items()
    ]
    library(site, PLAN | {"sources": sources})
    before = time.time()
    code, body = document(capsys, site, "backup", "heartbeat", "--seconds", "2")
    known = {each["source"]: each for each in body["sources"]}
    assert code == 3
    assert (known["records/good"]["error"], known["records/bad"]["beats"]) == ("", 0)
    assert "no such table" in known["records/bad"]["error"]
    database = sqlite3.connect(path)
    ((at, beats),) = database.execute("SELECT at, beats FROM sec_ops_heartbeat")
    database.close()
    assert at > before
    assert beats == known["records/good"]["beats"] >= 1
