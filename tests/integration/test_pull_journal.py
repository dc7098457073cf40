"""Journals made by systemd-journal-remote and read by journalctl: by cursor, once, and gaps that are told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sec_ops.model.log_source import LogSource
from sec_ops.siem.collect.outcome import source_states
from sec_ops.siem.records import Transport
from tests.pulling import Machine

pytestmark = pytest.mark.integration

REMOTE = "/lib/systemd/systemd-journal-remote"
BOOT = "0123456789abcdef0123456789abcdef"


def make_journal(folder: Path, name: str, first: int, last: int, *, unit: str = "a.service", large: int = 0) -> Path:
    """Write entries into a journal file; their times and texts follow their numbers."""
    folder.mkdir(exist_ok=True)
    entries = []
    for number in range(first, last):
        text = f"message {number}" + "x" * large
        entries.append(
            f"__REALTIME_TIMESTAMP={1_790_000_000_000_000 + number * 1_000_000}\n"
            f"__MONOTONIC_TIMESTAMP={number * 1_000_000}\n_BOOT_ID={BOOT}\n_MACHINE_ID={'1' * 32}\n"
            f"_SYSTEMD_UNIT={unit}\nMESSAGE={text}\n\n"
        )
    path = folder / f"{name}.journal"
    subprocess.run([REMOTE, f"--output={path}", "-"], input="".join(entries).encode(), check=True, capture_output=True)
    return path


def machine(folder: Path, **more: object) -> Machine:
    return Machine((LogSource(id="journal", collect="journal", folder=str(folder), **more),))


def messages(pulled: Machine) -> list[str]:
    return [json.loads(record)["MESSAGE"] for record in pulled.records()]


def numbered(first: int, last: int) -> list[str]:
    return [f"message {number}" for number in range(first, last)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_entries_come_once_by_cursor(folder: Path) -> None:
    make_journal(folder, "one", 0, 100)
    pulled = machine(folder)
    pulled.pull()
    pulled.pull()
    assert messages(pulled) == numbered(0, 100)
    make_journal(folder, "two", 100, 150)
    pulled.pull()
    assert messages(pulled) == numbered(0, 150)
    assert pulled.gaps() == []
    origin = pulled.stored[0].origin
    assert (origin.source, origin.transport) == ("here:journal:journal", Transport.JOURNAL)


def test_only_the_units_asked_for(folder: Path) -> None:
    make_journal(folder, "one", 0, 10)
    make_journal(folder, "two", 10, 20, unit="b.service")
    pulled = machine(folder, units=("b.service",))
    pulled.pull()
    assert messages(pulled) == numbered(10, 20)


def test_another_selection_is_no_gap(folder: Path) -> None:
    make_journal(folder, "one", 0, 10)
    make_journal(folder, "two", 10, 20, unit="b.service")
    pulled = machine(folder, units=("a.service",))
    pulled.pull()
    pulled.sources = (LogSource(id="journal", collect="journal", folder=str(folder), units=("b.service",)),)
    pulled.pull()
    assert messages(pulled) == numbered(0, 20)
    assert pulled.gaps() == []


def test_entries_dropped_before_they_were_read_are_a_gap_and_reading_goes_on(folder: Path) -> None:
    one = make_journal(folder, "one", 0, 10)
    pulled = machine(folder)
    pulled.pull()
    make_journal(folder, "two", 20, 30)
    one.unlink()
    pulled.pull()
    pulled.pull()
    assert messages(pulled) == numbered(0, 10) + numbered(20, 30)
    assert pulled.gaps() == ["cursor_lost"]


def test_an_emptied_journal_is_a_gap_once_something_comes(folder: Path) -> None:
    one = make_journal(folder, "one", 0, 10)
    pulled = machine(folder)
    pulled.pull()
    one.unlink()
    pulled.pull()
    pulled.pull()
    assert pulled.gaps() == []
    make_journal(folder, "two", 20, 30)
    pulled.pull()
    assert pulled.gaps() == ["cursor_lost"]
    assert messages(pulled) == numbered(0, 10) + numbered(20, 30)


def test_a_large_journal_comes_by_several_visits(folder: Path) -> None:
    make_journal(folder, "one", 0, 900, large=20_000)
    pulled = machine(folder)
    fetched = pulled.pull()
    assert [text.rstrip("x") for text in messages(pulled)] == numbered(0, 900)
    assert fetched.pull.visits > 2


def test_an_entry_larger_than_a_part_is_asked_for_in_one(folder: Path) -> None:
    make_journal(folder, "one", 0, 3, large=700_000)
    make_journal(folder, "two", 3, 4, large=6_000_000)
    make_journal(folder, "three", 4, 6)
    pulled = machine(folder)
    pulled.pull()
    found = messages(pulled) if all(isinstance(text, str) for text in messages(pulled)) else []
    assert [text.rstrip("x") for text in found] == numbered(0, 6)


def test_a_folder_that_is_not_there(folder: Path) -> None:
    assert source_states(machine(folder).pull()) == [("s/journal@here", "absent")]
