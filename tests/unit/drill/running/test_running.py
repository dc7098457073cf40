"""Small parts of a drill that runs: whose turn it is, places in settings, the journal, an end before the end."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.drill.noting import append_note
from sec_ops.drill.running.deciding import decision_after
from sec_ops.drill.running.halting import Halt, Halted
from sec_ops.drill.running.journal import JOURNAL, Journal, Step, last_phases, read_journal
from sec_ops.drill.running.places import filled, ports
from sec_ops.drill.running.turns import Turns
from sec_ops.model.drill_record import Note


class Still:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 11, 26, 8, 0, tzinfo=UTC)

    def monotonic_ms(self) -> int:
        return 0


def test_a_system_waits_for_all_it_depends_on_and_hears_of_the_first_that_fails() -> None:
    turns, found = Turns(Halt()), list[str]()
    thread = threading.Thread(target=lambda: found.append(turns.wait(["identity", "records"])))
    thread.start()
    turns.ended("identity", works=True)
    turns.ended("identity", works=False)
    assert thread.is_alive()
    turns.ended("records", works=False)
    thread.join(10)
    assert found == ["records"]
    assert turns.wait(["identity"]) == ""
    assert turns.wait([]) == ""


def test_who_waits_ends_when_the_drill_is_to_end(tmp_path: Path) -> None:
    halt = Halt()
    halt.check()
    halt.ask()
    for wait in (
        halt.check,
        lambda: halt.sleep(60),
        lambda: Turns(halt).wait(["x"]),
        decision_after(tmp_path, Still(), halt),
    ):
        with pytest.raises(Halted):
            wait()


@pytest.mark.parametrize(
    ("kind", "at", "goes_on"),
    [
        ("decision", "2026-11-26T08:00:00.000Z", True),
        ("decision", "2026-11-26T16:00:00+08:00", True),
        ("decision", "2026-11-26T07:59:59Z", False),
        ("event", "2026-11-26T08:00:01Z", False),
        ("decision", "no moment", True),
    ],
)
def test_only_a_decision_from_now_on_counts(kind: str, at: str, goes_on: bool, tmp_path: Path) -> None:
    append_note(tmp_path, Note.model_validate({"kind": kind, "at": at, "by": "chen", "text": "go"}))
    halt = Halt()
    if not goes_on:
        halt.ask()
        with pytest.raises(Halted):
            decision_after(tmp_path, Still(), halt)()
    else:
        decision_after(tmp_path, Still(), halt)()


def test_places_are_put_into_settings_wherever_texts_stand() -> None:
    known = {"database.port": "20001", "records.database.port": "20001", "database.server": "/drill/x"}
    settings = {
        "forward": "{database.port}",
        "command": ["run", "--at={database.server}:{records.database.port}", "{port}", "{database.user}"],
        "deep": {"a": ("{database.port}", 7, None)},
    }
    assert filled(settings, known) == {
        "forward": "20001",
        "command": ["run", "--at=/drill/x:20001", "{port}", "{database.user}"],
        "deep": {"a": ["20001", 7, None]},
    }


@given(st.text(), st.dictionaries(st.text(alphabet="abc.", min_size=1), st.text()))
def test_a_text_without_names_of_places_stays(text: str, known: dict[str, str]) -> None:
    spoken = text.replace("{", "(")
    assert filled(spoken, known) == spoken


def test_no_two_services_get_one_port() -> None:
    given_out = ports()
    assert len({next(given_out) for _each in range(100)}) == 100


def test_a_journal_is_on_disk_before_it_is_heard_and_a_torn_line_harms_no_other(tmp_path: Path) -> None:
    path, heard = tmp_path / JOURNAL, list[Step]()

    def hear(step: Step) -> None:
        assert len(path.read_text().splitlines()) == len(heard) + 1
        heard.append(step)

    journal = Journal(path, Still(), hear)
    journal.tell("phase", system="a", phase="select")
    journal.tell("phase", system="b", phase="select")
    journal.tell("phase", system="a", phase="fetch")
    with path.open("ab") as stream:
        stream.write(b'{"at": "2026-1')
    assert read_journal(path) == heard
    assert last_phases(heard) == {"a": "fetch", "b": "select"}
    assert read_journal(tmp_path / "none") == ()
    with path.open("ab") as stream:
        stream.write(b"\n" + json.dumps({"at": "x", "event": "y", "strange": 1}).encode() + b"\n[]\n")
    assert read_journal(path) == heard
