"""A table-top drill from its first question to its sealed record."""

import threading
import time
from pathlib import Path

import pytest

from sec_ops.drill.noting import append_note, notes_of
from sec_ops.drill.running.halting import Halt
from sec_ops.model.drill_record import Note
from tests.drill_site import DrillSite

_STEPS = ("report", "decide", "schools", "back")


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DrillSite:
    """Return the example organisation as a site."""
    return DrillSite(tmp_path / "site", capsys)


def _people(site: DrillSite, *steps: str) -> threading.Thread:
    """Return people who answer steps once the drill has begun."""

    def answer() -> None:
        while not (found := sorted((site.root / "var" / "runs").glob("*-drill-*/asked.json"))):
            time.sleep(0.05)
        for step in steps:
            at = "2026-11-26T08:00:00.000Z"
            append_note(found[0].parent, Note(kind="answer", at=at, by="zheng", text=f"about {step}", step=step))

    people = threading.Thread(target=answer)
    people.start()
    return people


def _hurry(site: DrillSite) -> None:
    path = site.root / "backup" / "drills" / "table-top.yml"
    path.write_text(path.read_text() + "deadline_minutes: 1\n")


def test_it_passes_when_all_is_answered_and_is_sealed(site: DrillSite) -> None:
    people = _people(site, *_STEPS)
    code, document = site.call("drill", "run", "table-top")
    people.join()
    assert (code, document["verdict"], document["kind"], document["systems"]) == (0, "passed", "table_top", [])
    assert [each["step"] for each in document["notes"]] == list(_STEPS)
    code, shown = site.call("drill", "show")
    assert (code, shown["run"], shown["isolated"], shown["level"]) == (0, document["run"], None, None)
    _code, listed = site.call("drill", "list")
    assert {each["scenario"]: each["state"] for each in listed["scenarios"]}["table-top"] == "fresh"
    report = site.root / "var" / "runs" / document["run"] / "drill.json"
    assert report.is_file()


def test_people_are_told_what_is_asked_and_how_to_answer(site: DrillSite) -> None:
    people = _people(site, *_STEPS)
    _code, shown = site.shown("drill", "run", "table-top", language="zh")
    people.join()
    assert "开学第一天上午九点" in shown
    assert "通过" in shown


def test_silence_fails_it_and_names_the_step(site: DrillSite, monkeypatch: pytest.MonkeyPatch) -> None:
    _hurry(site)
    now = [0]
    monkeypatch.setattr("sec_ops.runtime.clock.SystemClock.monotonic_ms", lambda _self: now[0])

    def sleep(_self: Halt, seconds: float) -> None:
        now[0] += round(seconds * 1000)

    monkeypatch.setattr(Halt, "sleep", sleep)
    code, document = site.call("drill", "run", "table-top")
    assert (code, document["verdict"]) == (1, "failed")
    assert [each["where"] for each in document["problems"]] == list(_STEPS)
    _code, shown = site.shown("drill", "show")
    assert "nobody answered the step report" in shown


def test_ctrl_c_ends_it_with_a_record(site: DrillSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_self: Halt, _seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Halt, "sleep", sleep)
    code, document = site.call("drill", "run", "table-top")
    assert (code, document["verdict"]) == (130, "interrupted")
    _code, listed = site.call("drill", "list")
    (table_top,) = [each for each in listed["scenarios"] if each["scenario"] == "table-top"]
    assert (table_top["state"], table_top["cut_short"]) == ("never", document["run"])


@pytest.mark.parametrize("option", [("--wait",), ("--inject", "slow_link")])
def test_nothing_is_waited_for_or_injected(site: DrillSite, option: tuple[str, ...]) -> None:
    code, shown = site.shown("drill", "run", "table-top", *option)
    assert code == 2
    assert "restores nothing" in shown


def test_notes_typed_while_it_goes_on_are_in_its_record(site: DrillSite) -> None:
    people = _people(site, *_STEPS)
    _code, document = site.call("drill", "run", "table-top")
    people.join()
    folder = site.root / "var" / "runs" / document["run"]
    assert [each.model_dump(mode="json") for each in notes_of(folder)] == document["notes"]
