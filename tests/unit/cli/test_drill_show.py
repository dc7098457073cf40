"""`drill list`, `drill plan` and `drill show` on a site of the example organisation."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.record import open_record
from sec_ops.backup.record.values import Arrival, Counts, Hold
from sec_ops.model.drill_record import Problem
from sec_ops.model.messages import message
from sec_ops.runtime.site import Site
from tests.drill_site import DrillSite
from tests.unit.drill.judging.samples import check, system

_OLD = {
    "started": "2024-01-01T08:00:00.000Z",
    "ended": "2024-01-01T09:00:00.000Z",
    "lost_at": "2024-01-01T08:00:00.000Z",
}


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DrillSite:
    """Return the example organisation as a site."""
    return DrillSite(tmp_path / "site", capsys)


def _arrive(site: DrillSite, system_id: str, repository: str, run: str, read: int) -> None:
    """Record a whole restore point whose data snapshots read so many bytes each."""
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    parts = {"student-records": ("database", "uploads"), "website-group": ("portal",)}[system_id]
    with open_record(Site(site.root)) as record:
        record.arrive(
            [
                Arrival(
                    repository=repository,
                    snapshot=f"{repository}-{run}-{source or MANIFEST}",
                    host="h",
                    claimed_ms=now_ms,
                    first_seen_ms=now_ms,
                    run=run,
                    system=system_id,
                    source=source,
                    part="files" if source else MANIFEST,
                    verdict="" if source else "ok",
                    counts=Counts(bytes_read=read if source else 1),
                )
                for source in (*parts, "")
            ]
        )


def _by_system(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["system"]: each for each in document["systems"]}


def test_at_first_no_system_was_ever_drilled(site: DrillSite) -> None:
    code, document = site.call("drill", "list")
    assert code == 1
    assert document["outcome"] == ["findings"]
    assert {each["state"] for each in (*document["systems"], *document["scenarios"])} == {"never"}
    assert "sec-ops" in _by_system(document)
    _code, shown = site.shown("drill", "list", "student-records")
    assert "student-records: a drill is due" in shown
    assert "$ sec-ops drill plan" in shown


def test_each_system_s_last_drill_is_told(site: DrillSite) -> None:
    run = site.begun("site-loss", "20260101T080000Z-drill-00000001")
    site.ended(run, system("student-records"), system("website-group"), **_OLD)
    latest = site.begun("site-loss", "20261126T080000Z-drill-00000002")
    failed = system("identity-service", verdict="failed", rto_ms=None)
    site.ended(latest, system("student-records"), failed, verdict="failed")
    code, document = site.call("drill", "list", "student-records", "identity-service", "website-group", "campus-card")
    states = {name: each["state"] for name, each in _by_system(document).items()}
    assert states == {
        "student-records": "fresh",
        "identity-service": "failed",
        "website-group": "stale",
        "campus-card": "never",
    }
    assert code == 1
    records = _by_system(document)["student-records"]
    assert (records["run"], records["last_scenario"], records["rto_ms"]) == (latest.name, "site-loss", 19_250)
    assert {each["scenario"]: each["state"] for each in document["scenarios"]}["site-loss"] == "failed"
    assert site.call("drill", "list", "student-records")[0] == 0
    _code, shown = site.shown("drill", "list", "identity-service")
    assert f"$ sec-ops drill show {latest.name}" in shown


def test_a_drill_that_was_killed_is_sealed_and_told(site: DrillSite) -> None:
    run = site.begun("site-loss")
    site.call("drill", "note", "--by", "zheng", "--event", "the lights went out")
    _code, document = site.call("drill", "list")
    (loss,) = [each for each in document["scenarios"] if each["scenario"] == "site-loss"]
    assert (loss["state"], loss["cut_short"]) == ("never", run.name)
    code, shown = site.call("drill", "show")
    assert (code, shown["verdict"], [each["text"] for each in shown["notes"]]) == (
        1,
        "interrupted",
        ["the lights went out"],
    )
    assert (run.folder / "manifest.json").is_file()


def test_an_unknown_system_is_refused(site: DrillSite) -> None:
    code, shown = site.shown("drill", "list", "student-record")
    assert code == 2
    assert "student-records" in shown


def test_all_scenarios_are_listed(site: DrillSite) -> None:
    code, document = site.call("drill", "plan")
    assert code == 0
    assert {each["scenario"]: each["kind"] for each in document["scenarios"]} == {
        "chosen-second": "moment",
        "controller-lost": "controller_lost",
        "damaged-copy": "damaged_copy",
        "deleted-file": "file",
        "dropped-table": "table",
        "lost-key": "lost_key",
        "ransomware": "ransomware",
        "site-loss": "site_loss",
        "table-top": "table_top",
    }


def test_a_plan_says_what_would_happen_and_what_is_missing(site: DrillSite) -> None:
    _arrive(site, "student-records", "student-records-b", "r1", 1000)
    _arrive(site, "website-group", "website-group-b", "r1", 10**18)
    code, document = site.call("drill", "plan", "site-loss")
    assert code == 1
    assert [each["system"] for each in document["systems"]] == ["identity-service", "student-records", "website-group"]
    records = document["systems"][1]
    assert records["after"] == ["identity-service"]
    assert (records["rto_target_ms"], records["rpo_target_ms"]) == (14_400_000, 3_600_000)
    (spot,) = records["repositories"]
    assert (spot["repository"], spot["far"], spot["run"], spot["bytes"]) == ("student-records-b", True, "r1", 2000)
    assert not document["ready"]
    assert document["needed_bytes"] == 2 * (2000 + 10**18)
    needs = [(each["kind"], each["what"]) for each in document["needs"] if each["kind"] != "program"]
    assert [kind for kind, _what in needs] == ["point", "room"]
    assert "identity-service" in needs[0][1]


def test_a_held_point_is_not_what_ransomware_is_recovered_from(site: DrillSite) -> None:
    for run in ("r1", "r2", "r3"):
        _arrive(site, "website-group", "website-group-b", run, 10)
    with open_record(Site(site.root)) as record:
        reason = message("done")
        record.hold(Hold(system="website-group", repository="website-group-b", reason=reason, since_ms=1, run="r2"))
    _code, document = site.call("drill", "plan", "ransomware")
    web = _by_system(document)["website-group"]
    assert web["repositories"][0]["run"] == "r1"
    _code, document = site.call("drill", "plan", "site-loss")
    assert _by_system(document)["website-group"]["repositories"][0]["run"] == "r3"


def test_content_that_executes_must_be_approved(site: DrillSite) -> None:
    service = {"id": "app", "kind": "program", "settings": {"command": ["no-such-program"], "package": "none"}}
    recovery = json.loads("{}") | {
        "id": "campus-card",
        "services": [service],
        "checks": [{"id": "up", "title": {"zh": "可用", "en": "up"}, "kind": "http", "service": "app"}],
    }
    (site.root / "backup/recoveries/campus-card.yml").write_text(json.dumps(recovery))
    scenario = {
        "id": "card",
        "title": {"zh": "一卡通", "en": "card"},
        "aim": {"zh": "恢复", "en": "back"},
        "kind": "lost_key",
        "systems": [{"id": "campus-card"}],
    }
    scenario |= {"kind": "site_loss", "lost_places": ["centre"]}
    (site.root / "backup/drills/card.yml").write_text(json.dumps(scenario))
    _code, document = site.call("drill", "plan", "card", "--secrets")
    kinds = [each["kind"] for each in document["needs"]]
    assert "approval" in kinds
    assert "no-such-program is not installed" in [each["what"] for each in document["needs"]]


def test_a_fault_that_can_not_strike_is_told(site: DrillSite) -> None:
    path = site.root / "backup/drills/lost-key.yml"
    path.write_text(path.read_text() + "inject: [link_cut]\n")
    _code, document = site.call("drill", "plan", "lost-key")
    (inject,) = [each for each in document["needs"] if each["kind"] == "inject"]
    assert "student-records-b" in inject["what"]


def test_a_database_that_nothing_loads_is_told(site: DrillSite) -> None:
    path = site.root / "backup/drills/lost-key.yml"
    path.write_text(path.read_text().replace("student-records", "campus-card").replace("lost_key", "site_loss"))
    with path.open("a") as file:
        file.write("lost_places: [centre]\n")
    _code, document = site.call("drill", "plan", "lost-key")
    assert document["systems"][0]["not_loaded"] == ["database"]
    _code, shown = site.shown("drill", "plan", "lost-key")
    assert "loaded into nothing: database (sqlserver)" in shown


def test_secrets_are_read_only_when_asked_for(site: DrillSite) -> None:
    _code, document = site.call("drill", "plan", "lost-key", "--secrets")
    (secret,) = [each for each in document["needs"] if each["kind"] == "secret"]
    assert "student-records-b-escrow" in secret["what"]
    _code, document = site.call("drill", "plan", "lost-key")
    assert "secret" not in [each["kind"] for each in document["needs"]]


def test_faults_of_scenarios_end_it_with_4(site: DrillSite) -> None:
    path = site.root / "backup/drills/lost-key.yml"
    path.write_text(path.read_text().replace("student-records", "student-recods"))
    code, shown = site.shown("drill", "plan")
    assert code == 4
    assert "lost-key.yml:8: systems[0].id" in shown


def test_the_example_can_be_looked_at_without_a_site(capsys: pytest.CaptureFixture[str]) -> None:
    from sec_ops.cli.main import run

    assert run(["--lang", "zh", "drill", "plan", "site-loss", "--example"]) == 0
    assert "统一身份认证平台" in capsys.readouterr().out


def test_a_drill_is_shown_as_it_was_sealed(site: DrillSite) -> None:
    run = site.begun("site-loss")
    number = site.ended(run, system("student-records"))
    code, document = site.call("drill", "show")
    assert (code, document["run"], document["evidence"]) == (0, run.name, number)
    (records,) = document["systems"]
    assert (records["verdict"], records["rto_ms"], records["rpo_ms"]) == ("passed", 19_250, 4_500)
    assert sum(records["phases"].values()) == records["rto_ms"]
    assert [each["edition"] for each in document["judgement"]["levels"]] == ["gbt-20988-2025", "gbt-20988-2007"]
    assert document["isolated"] is None
    assert isinstance(document["level"], int)


def test_what_was_added_after_the_end_is_shown_with_it(site: DrillSite) -> None:
    run = site.begun("site-loss")
    site.call("drill", "note", "--by", "zheng", "--participant", "陈示例", "--role", "recorder")
    site.ended(run, system("student-records"))
    site.call("drill", "note", "--by", "lin", "--sign-off", "right \x1b[31m so")
    code, document = site.call("drill", "show", run.name)
    assert [each["kind"] for each in document["notes"]] == ["participant"]
    assert [(each["kind"], each["by"]) for each in document["added"]] == [("sign_off", "lin")]
    assert document["judgement"]["exercise"]["sign_offs"] == 1
    code, shown = site.shown("drill", "show", "00000001")
    assert code == 0
    assert "陈示例" in shown
    assert "\x1b" not in shown


def test_what_went_wrong_is_shown_with_its_place(site: DrillSite) -> None:
    problem = Problem(what=message("done"), where="students", why="a\nb", advice=message("done"))
    failed = system("student-records", verdict="failed", checks=(check(verdict="failed", problem=problem),))
    site.ended(site.begun("site-loss"), failed, verdict="failed")
    code, shown = site.shown("drill", "show", "latest")
    assert code == 1
    assert "student-records students: students: done" in shown
    assert "0/1" in shown


def test_a_changed_record_is_found(site: DrillSite) -> None:
    run = site.begun("site-loss")
    site.ended(run, system("student-records", rto_ms=19_250))
    path = run.folder / "drill.json"
    path.write_text(path.read_text().replace("19250", "1925"))
    code, shown = site.shown("drill", "show")
    assert code == 6
    assert "is not what was sealed" in shown


def test_a_lost_folder_loses_nothing(site: DrillSite) -> None:
    run = site.begun("site-loss")
    site.ended(run, system("student-records"))
    for path in sorted(run.folder.iterdir()):
        path.unlink()
    run.folder.rmdir()
    assert site.call("drill", "show")[1]["run"] == run.name


@pytest.mark.parametrize(("name", "told"), [("nothing", "no single run matches"), ("latest", "no drill has come")])
def test_a_drill_that_is_not_there(site: DrillSite, name: str, told: str) -> None:
    if name != "latest":
        site.ended(site.begun("site-loss"), system("student-records"))
    code, shown = site.shown("drill", "show", name)
    assert code == 2
    assert told in shown


def test_its_report_is_written_and_its_digest_sealed(site: DrillSite, tmp_path: Path) -> None:
    site.ended(site.begun("site-loss"), system("student-records"))
    code, document = site.call("drill", "show", "--report", str(tmp_path / "report.html"))
    assert (code, document["report"]) == (0, str(tmp_path / "report.html"))
    assert "<html" in (tmp_path / "report.html").read_text()
    kind, data, _blob = site.sealed(document["evidence"] + 1)
    assert (kind, data["format"], data["run"]) == ("report.exported/1", "html", document["run"])
    code, shown = site.shown("drill", "show", "--report", str(tmp_path / "report.odt"))
    assert code == 2
    assert "odt" in shown


def test_the_status_of_backups_tells_the_last_drill(site: DrillSite) -> None:
    _code, document = site.call("backup", "status", "student-records")
    assert document["systems"][0]["last_drill"] is None
    run = site.begun("site-loss")
    site.ended(run, system("student-records"))
    _code, document = site.call("backup", "status", "student-records")
    assert (document["systems"][0]["last_drill"]["run"], document["systems"][0]["last_drill"]["state"]) == (
        run.name,
        "fresh",
    )
    _code, shown = site.shown("backup", "status", "student-records")
    assert "✓ fresh 2026-11-26" in shown


def test_where_drills_are_laid_down_a_job_looks_at_them(site: DrillSite) -> None:
    _code, document = site.call("schedule", "show")
    jobs = {each["id"]: each for each in document["jobs"]}
    assert jobs["drill-list"]["command"] == ["drill", "list"]
    for path in (site.root / "backup" / "drills").iterdir():
        path.unlink()
    _code, document = site.call("schedule", "show")
    assert "drill-list" not in {each["id"] for each in document["jobs"]}


def test_a_drill_that_was_killed_has_its_report_too(site: DrillSite, tmp_path: Path) -> None:
    run = site.begun("site-loss")
    asked = json.loads((run.folder / "asked.json").read_bytes())
    cut = system("student-records", verdict="interrupted", rto_ms=None, rpo_ms=None, sources=(), checks=())
    run.write("asked.json", {**asked, "systems": [cut.model_dump(mode="json")]})
    code, document = site.call("drill", "show", "--report", str(tmp_path / "report.html"))
    assert (code, document["verdict"]) == (1, "interrupted")
    written = (tmp_path / "report.html").read_text()
    assert "! interrupted" in written
    assert "student-records" in written


@pytest.mark.parametrize(
    ("name", "text"), [("drill.json", '{"run": 1}'), ("drill.json", "{"), ("asked.json", "{}"), ("asked.json", "")]
)
def test_what_is_no_record_is_named_and_holds_nothing_up(site: DrillSite, name: str, text: str) -> None:
    """A file of another version, or one that somebody changed: later drills are sealed all the same."""
    broken = site.begun("site-loss")
    (broken.folder / name).write_text(text)
    later = site.begun("site-loss", "20261126T090000Z-drill-00000002")
    _code, shown = site.shown("drill", "list")
    assert f"{broken.folder / name} holds no record of a drill" in shown
    assert f"mv {broken.folder} ." in shown
    assert site.call("drill", "show")[1]["run"] == later.name
    assert (broken.folder / name).read_text() == text
    broken.folder.rename(site.root / "away")
    assert "holds no record" not in site.shown("drill", "list")[1]


def test_a_sealed_file_that_is_no_record_is_told_as_changed(site: DrillSite) -> None:
    run = site.begun("site-loss")
    site.ended(run, system("student-records"))
    run.write("drill.json", {"run": 1})
    run.seal()
    code, shown = site.shown("drill", "show")
    assert code == 6
    assert "is not what was sealed" in shown
