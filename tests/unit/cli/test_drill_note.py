"""`drill note`: into the run while it goes on, into the evidence after it; one thing at a time, by a known person."""

from pathlib import Path

import pytest

from sec_ops.drill.noting import notes_of
from tests.drill_site import DrillSite


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DrillSite:
    """Return the example organisation as a site."""
    return DrillSite(tmp_path / "site", capsys)


def test_while_a_drill_goes_on_notes_go_into_it(site: DrillSite) -> None:
    run = site.begun()
    said = [
        ("--participant", "陈示例", "--role", "recorder"),
        ("--decision", "go ahead"),
        ("--answer", "told the shift leader", "--step", "report"),
        ("--problem", "nobody had the number", "--step", "report"),
    ]
    for words in said:
        code, document = site.call("drill", "note", "--by", "zheng", *words)
        assert (code, document["run"], document["evidence"]) == (0, run.name, None)
    notes = notes_of(run.folder)
    assert [(each.kind, each.text, each.by) for each in notes] == [
        ("participant", "陈示例", "zheng"),
        ("decision", "go ahead", "zheng"),
        ("answer", "told the shift leader", "zheng"),
        ("problem", "nobody had the number", "zheng"),
    ]
    assert (notes[0].role, notes[2].step) == ("recorder", "report")


def test_after_the_end_notes_are_sealed(site: DrillSite) -> None:
    run = site.begun()
    site.call("drill", "note", "--by", "zheng", "--summary", "all went well")
    site.ended(run)
    code, document = site.call("drill", "note", "--by", "lin", "--sign-off", "the record is right")
    assert code == 0
    kind, data, blob = site.sealed(document["evidence"])
    assert (kind, data["run"], data["note"]) == ("drill.note/1", run.name, "sign_off")
    assert (blob["by"], blob["text"]) == ("lin", "the record is right")
    assert "lin" not in data.values()
    assert [each.kind for each in notes_of(run.folder)] == ["summary"]


def test_the_latest_drill_is_meant_unless_one_is_named(site: DrillSite) -> None:
    first = site.begun(name="20261126T080000Z-drill-00000001")
    second = site.begun(name="20261126T090000Z-drill-00000002")
    site.call("drill", "note", "--by", "lin", "--event", "latest")
    site.call("drill", "note", "--by", "lin", "--event", "named", "--run", "00000001")
    assert [[each.text for each in notes_of(run.folder)] for run in (first, second)] == [["named"], ["latest"]]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--by", "lin"), "0 were given"),
        (("--by", "lin", "--event", "   "), "0 were given"),
        (("--by", "lin", "--event", "x", "--problem", "y"), "2 were given"),
        (("--by", "nobody", "--event", "x"), "no person has the id nobody"),
        (("--by", "lin", "--answer", "x"), "which step"),
        (("--by", "lin", "--answer", "x", "--step", "reprt"), "no step reprt"),
        (("--by", "lin", "--event", "x", "--role", "y"), "only a participant"),
        (("--by", "lin", "--event", "x" * 4001), "at most 4000"),
        (("--by", "lin", "--event", "x", "--run", "nothing"), "no single run matches"),
    ],
)
def test_what_is_refused(site: DrillSite, words: tuple[str, ...], told: str) -> None:
    run = site.begun()
    code, shown = site.shown("drill", "note", *words)
    assert code == 2
    assert told in shown
    assert notes_of(run.folder) == ()


def test_without_a_drill_there_is_nothing_to_note(site: DrillSite) -> None:
    code, shown = site.shown("drill", "note", "--by", "lin", "--event", "x")
    assert code == 2
    assert "sec-ops drill run" in shown


def test_what_was_typed_can_not_act_on_a_terminal(site: DrillSite) -> None:
    site.begun()
    code, shown = site.shown("drill", "note", "--by", "lin", "--event", "red \x1b[31m text")
    assert code == 0
    assert "\x1b" not in shown
