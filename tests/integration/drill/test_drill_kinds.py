"""Every kind of drill with real systems: what is lost, by what it comes back, and what each one has to prove."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import sec_ops.cli.drill._running as running
from tests.drilled_site import DrilledSite
from tests.integration.drill.town import Town, built_town, loud, told

pytestmark = pytest.mark.integration
THREE = ("exam-enrolment", "student-records", "identity-service")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, _made: Path) -> Iterator[Town]:
    with built_town(tmp_path_factory.mktemp("town"), _made) as built:
        yield built


@pytest.fixture
def site(town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> DrilledSite:
    monkeypatch.setattr(running, "_require_approval", lambda _room, _site: None)
    return loud(town, capsys)


def by_name(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["system"]: each for each in record["systems"]}


def passed(code: int, record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert (code, record.get("verdict")) == (0, "passed"), told(record)
    assert all(sum(each["phases"].values()) == each["rto_ms"] for each in record["systems"])
    return by_name(record)


def test_a_site_is_lost_and_three_systems_come_back_in_order(site: DrilledSite, town: Town) -> None:
    site.scenario("gone", "site_loss", *({"id": name} for name in THREE), lost_places=["centre"])
    systems = passed(*site.drill("gone"))
    assert list(systems) == list(reversed(THREE))
    assert systems["exam-enrolment"]["after"] == ["identity-service", "student-records"]
    assert [each["verdict"] for each in systems["exam-enrolment"]["checks"]] == ["passed", "passed"]
    records = systems["student-records"]
    assert records["rpo_basis"] == "heartbeat", "the database was saved before the files, and lost more"
    database = next(each for each in records["sources"] if each["source"] == "database")
    assert abs(datetime.fromisoformat(database["heartbeat"]) - town.moments[-1]) < timedelta(milliseconds=2)
    folder = max((site.root / "var" / "runs").glob("*-drill-*"))
    steps = [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]
    works = {each["system"]: number for number, each in enumerate(steps) if each["event"] == "check"}
    begun = {each["system"]: number for number, each in reversed(list(enumerate(steps))) if each["event"] == "service"}
    assert works["identity-service"] < begun["student-records"]
    assert works["student-records"] < begun["exam-enrolment"]
    assert (folder / "report.html").exists()


def test_a_database_comes_back_as_it_was_at_a_chosen_second(site: DrilledSite, town: Town) -> None:
    site.scenario("second", "moment", {"id": "student-records"})
    until = town.moments[0] + timedelta(milliseconds=200)
    records = passed(*site.drill("second", "--until", until.isoformat()))["student-records"]
    database = next(each for each in records["sources"] if each["source"] == "database")
    assert abs(datetime.fromisoformat(database["heartbeat"]) - town.moments[0]) < timedelta(milliseconds=2)


def test_a_moment_before_the_base_backup_is_refused_and_one_after_the_log_fails(site: DrilledSite, town: Town) -> None:
    site.scenario("second", "moment", {"id": "student-records"})
    code, record = site.drill("second", "--until", "2020-01-01T00:00:00Z")
    assert code == 1
    assert "old enough" in told(record)
    assert site.drill("second")[0] == 2, "a moment must be named"
    assert site.drill("second", "--until", "2999-01-01T00:00:00Z")[0] == 2


def test_one_file_comes_back_and_no_service_is_started(site: DrilledSite, town: Town) -> None:
    path = str(town.folder / "portal" / "page-7.html")
    site.scenario("file", "file", {"id": "website-group", "paths": [path]})
    system = passed(*site.drill("file"))["website-group"]
    assert [(each["source"], each["files"], each["proved"]) for each in system["sources"]] == [("portal", 1, 1)]
    assert system["services"] == []
    site.scenario("file", "file", {"id": "website-group", "paths": [f"{path}.gone"]})
    code, record = site.drill("file")
    assert code == 1
    assert f"{path}.gone" in told(record)


def test_one_table_comes_back_as_it_was_saved(site: DrilledSite) -> None:
    site.scenario("table", "table", {"id": "exam-enrolment", "tables": ["public.rooms"]})
    system = passed(*site.drill("table"))["exam-enrolment"]
    (source,) = [each for each in system["sources"] if each["tables"]]
    assert (source["tables"], source["tables_proved"]) == (1, 1)
    assert [each["service"] for each in system["services"]] == ["exams"]
    site.scenario("table", "table", {"id": "exam-enrolment", "tables": ["public.rooms", "public.halls"]})
    code, record = site.drill("table")
    assert code == 1
    assert "public.halls" in told(record)


def test_the_escrow_key_alone_opens(site: DrilledSite) -> None:
    site.scenario("key", "lost_key", {"id": "identity-service"})
    word = site.root / "secrets" / "word"
    kept = word.read_text()
    word.write_text("not the key\n")
    try:
        code, record = site.drill("key")
    finally:
        word.write_text(kept)
    passed(code, record)
    assert record["key"] == "escrow"


def test_damage_is_noticed_and_the_next_repository_serves(site: DrilledSite) -> None:
    site.scenario("damaged", "damaged_copy", {"id": "student-records", "repositories": ["b", "a"]})
    code, record = site.drill("damaged")
    records = passed(code, record)["student-records"]
    assert [(each["repository"], each["verdict"]) for each in records["fetches"]] == [("b", "damaged"), ("a", "ok")]
    assert records["repository"] == "a"
    assert record["injected"] == ["damaged_pack"]
    assert record["struck"]


def test_the_printed_sheet_alone_brings_all_back(site: DrilledSite) -> None:
    site.scenario("sheet", "controller_lost", *({"id": name} for name in THREE))
    systems = passed(*site.drill("sheet"))
    assert [each["verdict"] for name in THREE for each in systems[name]["fetches"]] == ["ok"] * 3
    database = next(each for each in systems["student-records"]["sources"] if each["source"] == "database")
    assert database["loaded"] == "ok"


def test_ransomware_goes_back_before_the_first_encrypted_run(site: DrilledSite, town: Town) -> None:
    site.scenario("locked", "ransomware", {"id": "website-group"}, point="before_encryption")
    portal, kept = town.folder / "portal", town.folder / "kept"
    shutil.copytree(portal, kept)
    for each in list(portal.iterdir()):
        each.with_name(each.name + ".locked").write_bytes(os.urandom(20_000))
        each.unlink()
    try:
        encrypted = site.saved("website-group")
        system = passed(*site.drill("locked"))["website-group"]
    finally:
        shutil.rmtree(portal)
        kept.rename(portal)
    assert system["run"] != encrypted
    assert any(encrypted in json.dumps(each) for each in system["problems"])
    _code, holds = site.call("backup", "hold", "list")
    assert encrypted in json.dumps(holds)
