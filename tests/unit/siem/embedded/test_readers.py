"""Readers, writers and the compactor at once: a reader sees one moment, to its end."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from sec_ops.runtime.locks import shared
from sec_ops.runtime.presence import present
from sec_ops.siem.embedded.locks import alone, oldest_reader
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import TIME
from sec_ops.siem.storing import Commit, Request
from tests.contract.event_stores import DAY, NOON, TYPES, FixedClock, rows

OLD = NOON - 20 * DAY
ORDERS = ("ascending", "descending")


def put(store: EmbeddedStore, sequence: int, events: int = 3) -> None:
    made = [{TIME: OLD + sequence, "event.ingested": OLD + DAY, "n": f"{n}"} for n in range(events)]
    store.append(rows(made, sequence=sequence), Commit(stream="1", sequence=sequence))


def files(store: EmbeddedStore) -> int:
    return len(list(store._layout.events.rglob("*.parquet")))


def test_a_reader_keeps_its_moment_while_files_are_merged_and_let_go(store: EmbeddedStore):
    for sequence in range(1, 11):
        put(store, sequence)
    reading = store.search(Request(limit=None))
    first = next(reading)
    store.maintain()
    put(store, 11)
    (day,) = store.days()
    assert store.remove(day, store.digest(day))
    store.maintain()
    assert files(store) >= 10
    assert store.count(Request()) == 0
    assert len([first, *reading]) == 30
    store.maintain()
    assert files(store) == 0


def test_a_reader_that_gives_up_lets_go(store: EmbeddedStore):
    for sequence in (1, 2):
        put(store, sequence)
    reading = store.search(Request(limit=None))
    next(reading)
    assert isinstance(reading, Generator)
    reading.close()
    store.maintain()
    assert files(store) == 1


def test_leftovers_of_a_killed_writer_go_but_not_those_of_a_living_one(store: EmbeddedStore):
    put(store, 1)
    folder = next(store._layout.events.rglob("*.parquet")).parent
    left = [folder / "0123456789abcdef.parquet", folder / ".fedcba9876543210.parquet"]
    for path in left:
        path.write_bytes(b"half")
    with shared(store._layout.writers):
        store.maintain()
        assert [path.exists() for path in left] == [True, True]
    store.maintain()
    assert [path.exists() for path in left] == [False, False]
    assert store.count(Request()) == 3
    assert len(list(store.search(Request()))) == 3


def test_a_failed_append_leaves_nothing(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch):
    put(store, 1)
    before = files(store)
    monkeypatch.setattr("sec_ops.siem.embedded.store.register", _refuse)
    with pytest.raises(OSError, match="refused"):
        put(store, 2)
    monkeypatch.undo()
    assert files(store) == before
    assert store.committed()["1"].sequence == 1
    put(store, 2)
    assert store.count(Request()) == 6


def test_of_two_that_tell_the_same_at_once_one_is_heard(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch):
    put(store, 1)
    before = files(store)
    monkeypatch.setattr("sec_ops.siem.embedded.store.is_new", lambda *_given: True)
    put(store, 1)
    assert store.count(Request()) == 3
    assert files(store) == before


def _refuse(*_given: object) -> bool:
    raise OSError("refused")


def test_locks_say_who_lives(tmp_path: Path):
    lock = tmp_path / "lock"
    with shared(lock), shared(lock), alone(lock) as allowed:
        assert not allowed
    with alone(lock) as allowed, alone(lock) as again:
        assert (allowed, again) == (True, False)
    (tmp_path / "readers").mkdir()
    assert oldest_reader(tmp_path / "readers") is None
    (tmp_path / "readers" / "1.dead").touch()
    with present(tmp_path / "readers", 7, os.urandom), present(tmp_path / "readers", 5, os.urandom):
        assert oldest_reader(tmp_path / "readers") == 5
    assert oldest_reader(tmp_path / "readers") is None
    assert list((tmp_path / "readers").iterdir()) == []


def test_two_stores_on_one_folder_see_each_others_events(store: EmbeddedStore):
    other = EmbeddedStore(store._layout.manifest.parent, types=TYPES, clock=FixedClock())
    put(store, 1)
    assert other.count(Request()) == 3
    put(other, 1)
    put(other, 2)
    assert store.count(Request()) == 6
    other.close()


def test_merging_keeps_every_event(store: EmbeddedStore):
    for sequence in range(1, 9):
        put(store, sequence, events=sequence)
    before = list(store.search(Request(limit=None)))
    store.maintain()
    assert files(store) == 1
    assert list(store.search(Request(limit=None))) == before
    put(store, 9, events=100)
    store.maintain()
    assert files(store) == 1
    assert store.count(Request()) == len(before) + 100


def test_a_search_in_small_pieces_is_the_same(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch):
    for sequence in range(1, 6):
        put(store, sequence, events=7)
    odd = [{TIME: OLD + n * 3 * DAY, "event.ingested": OLD, "n": f"{n}"} for n in range(-40, 40)]
    store.append(rows(odd, sequence=6), Commit(stream="1", sequence=6))
    spans = [(None, None), (OLD - 9 * DAY, None), (OLD - 9 * DAY, OLD + 9 * DAY)]
    asked = [
        Request(limit=limit, order=order, since_us=since, until_us=until)
        for limit in (None, 20)
        for order in ORDERS
        for since, until in spans
    ]
    whole = [list(store.search(each)) for each in asked]
    for name in ("_FIRST_ROWS", "_STREAMED_ROWS"):
        monkeypatch.setattr(f"sec_ops.siem.embedded.searching.{name}", 4)
    assert [list(store.search(each)) for each in asked] == whole
    assert len(whole[0]) == 115
