"""The indexer: every batch once, in order; what is held back goes with the commit; bounds in rows, bytes and age."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.model.errors import SecOpsError, StorageError
from sec_ops.model.messages import message
from sec_ops.siem.index.follow import Follower
from sec_ops.siem.index.stream import Counts, IndexLimits, StreamIndex, index_lock
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.records import Place
from sec_ops.siem.storing import EventStore
from tests.unit.siem.index.support import MemoryStore, joining
from tests.unit.siem.raw.support import SetClock, batch_of

SMALL = IndexLimits(rows=3, record_bytes=1000, age_ms=10_000, sessions=2, silent_ms=5_000)


def index_of(store: MemoryStore, clock: SetClock, limits: IndexLimits = SMALL, stream: str = "0001") -> StreamIndex:
    return StreamIndex(stream, cast("EventStore", store), joining, clock, limits)


def follower_of(folder: Path, store: MemoryStore, clock: SetClock, failed: Any = None) -> Follower:
    def unexpected(error: SecOpsError) -> None:
        raise error

    return Follower(
        folder,
        store=cast("EventStore", store),
        understand=joining,
        clock=clock,
        failed=failed or unexpected,
        limits=SMALL,
    )


def test_events_go_to_the_store_by_rows_bytes_and_age() -> None:
    store, clock = MemoryStore(), SetClock()
    index = index_of(store, clock)
    index.feed(Place("0001", 1), batch_of(b"a", b"b", b"c"))
    assert store.appended == []
    index.feed(Place("0001", 2), batch_of(b"d"))
    assert store.appended == [3]
    index.feed(Place("0001", 3), batch_of(b"e" * 1000))
    assert store.appended == [3, 1]
    index.feed(Place("0001", 4), batch_of(b"f"))
    clock.moment += timedelta(seconds=4)
    index.tick()
    assert store.appended == [3, 1]
    clock.moment += timedelta(seconds=7)
    index.tick()
    assert store.appended == [3, 1, 2]
    assert store.commits["0001"].sequence == 4
    assert not store.commits["0001"].pending
    assert index.counts == Counts(events=6, unparsed=0)


def test_what_is_held_back_goes_with_the_commit_and_is_gone_on_with(tmp_path: Path) -> None:
    store, clock = MemoryStore(), SetClock()
    index = index_of(store, clock)
    index.feed(Place("0001", 1), batch_of(b"a", b"b", source="s1"))
    index.feed(Place("0001", 1 + 1), batch_of(b"?x", source="s2"))
    index.commit()
    assert set(store.commits["0001"].pending) == {"s1", "s2"}
    again = index_of(store, clock)
    again.feed(Place("0001", 2), batch_of(b"told twice", source="s1"))
    again.feed(Place("0001", 3), batch_of(b" more", b"c", source="s1"))
    again.end("s1")
    again.end("s2")
    again.commit()
    assert store.messages == ["a", "b| more", "c", "?x"]
    assert not store.commits["0001"].pending
    assert again.counts == Counts(events=3, unparsed=1)


def test_lines_of_a_silent_source_are_whole_after_a_while(tmp_path: Path) -> None:
    store, clock = MemoryStore(), SetClock()
    with RawLog.open(tmp_path, clock=clock) as log:
        log.append(batch_of(b"a"))
    first = follower_of(tmp_path, store, clock)
    first.finish()
    assert store.messages == []
    second = follower_of(tmp_path, store, clock)
    second.look()
    clock.moment += timedelta(seconds=6)
    second.look()
    second.finish()
    assert store.messages == ["a"]
    assert store.commits["0001"].sequence == 1


def test_sessions_are_bounded_and_lose_nothing() -> None:
    store, clock = MemoryStore(), SetClock()
    index = index_of(store, clock)
    for number in range(6):
        index.feed(Place("0001", number + 1), batch_of(b"%d" % number, source=f"s{number}"))
    index.feed(Place("0001", 7), batch_of(b" more", source="s0"))
    assert len(index._sessions._open) == 2
    index.commit()
    assert len(store.commits["0001"].pending) == 6
    clock.moment += timedelta(seconds=6)
    index.tick()
    index.commit()
    assert sorted(store.messages) == ["0| more", "1", "2", "3", "4", "5"]
    assert not store.commits["0001"].pending


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(st.sampled_from(["s1", "s2", "s3"]), st.sampled_from([b"a", b" b", b"?c"])), max_size=20),
    restarts=st.sets(st.integers(0, 20)),
    lost=st.sets(st.integers(0, 20)),
)
def test_however_often_it_is_begun_again_the_events_are_the_same(
    lines: list[tuple[str, bytes]], restarts: set[int], lost: set[int]
) -> None:
    def events(stops: set[int], losses: set[int]) -> list[tuple[str, str]]:
        store, clock = MemoryStore(), SetClock()
        index, number = index_of(store, clock), 0
        while number < len(lines):
            source, line = lines[number]
            number += 1
            index.feed(Place("0001", number), batch_of(line, source=source))
            if number in stops:
                index.commit()
            if number in stops or number in losses:
                losses = losses - {number}
                index = index_of(store, clock)
                number = index.sequence
        for source in ("s1", "s2", "s3"):
            index.end(source)
        index.commit()
        assert store.commits.get("0001") is None or store.commits["0001"].sequence == len(lines)
        found = [(str(row.event["who"]), str(row.event["message"])) for row in store.rows]
        return sorted(found, key=lambda each: each[0])

    assert events(restarts, lost) == events(set(), set())


def test_a_follower_keeps_up_and_lets_go(tmp_path: Path) -> None:
    store, clock = MemoryStore(), SetClock()
    follower = follower_of(tmp_path, store, clock)
    with RawLog.open(tmp_path, clock=clock) as one, RawLog.open(tmp_path, clock=clock) as two:
        for number in range(5):
            one.append(batch_of(b"one %d" % number))
            two.append(batch_of(b"two %d" % number))
            follower.look()
        assert set(follower._followed) == {"0001", "0002"}
        clock.moment += timedelta(seconds=11)
        follower.look()
        follower.look()
        assert not follower._followed
        one.append(batch_of(b"late"))
        follower.look()
        assert set(follower._followed) == {"0001"}
    clock.moment += timedelta(seconds=6)
    follower.finish()
    assert sorted(store.messages) == sorted([f"{name} {n}" for name in ("one", "two") for n in range(5)] + ["late"])
    assert follower.counts == Counts(events=11, unparsed=0)


def test_a_stream_is_with_one_indexer_at_a_time(tmp_path: Path) -> None:
    store, clock = MemoryStore(), SetClock()
    with RawLog.open(tmp_path, clock=clock) as log:
        log.append(batch_of(b"a"))
    follower = follower_of(tmp_path, store, clock)
    with index_lock(tmp_path, "0001"):
        follower.finish()
        assert not store.commits
    follower.finish()
    assert store.commits["0001"].sequence == 1


def test_what_a_store_refuses_is_told_and_tried_again(tmp_path: Path) -> None:
    store, clock = MemoryStore(), SetClock()
    failures: list[SecOpsError] = []
    follower = follower_of(tmp_path, store, clock, failures.append)
    with RawLog.open(tmp_path, clock=clock) as log:
        log.append(batch_of(*[b"%d" % number for number in range(8)]))
        store.refusal = StorageError(message("full"))
        follower.look()
        follower.look()
        assert len(failures) == 1
        store.refusal = None
        clock.moment += timedelta(seconds=6)
        follower.look()
        follower.finish()
    assert store.messages == [str(number) for number in range(7)]


@pytest.mark.parametrize("kept", [b"", b"held"])
def test_an_origin_that_changes_goes_on_with_what_was_held(kept: bytes) -> None:
    store, clock = MemoryStore(), SetClock()
    index = index_of(store, clock)
    index.feed(Place("0001", 1), batch_of(*([kept] if kept else [])))
    index.feed(Place("0001", 2), batch_of(b"next", unit="other"))
    index.end("host:/log")
    index.commit()
    assert store.messages == [*([kept.decode()] if kept else []), "next"]


class _Stop(threading.Event):
    """Is set after ten looks, between which two minutes pass."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__()
        self._clock = clock
        self._looks = 0

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.moment += timedelta(minutes=2)
        self._looks += 1
        return self._looks > 10


def test_the_store_is_tidied_up_every_few_minutes_and_a_failure_is_told(tmp_path: Path) -> None:
    store, clock = MemoryStore(), SetClock()
    told: list[SecOpsError] = []
    follower_of(tmp_path, store, clock, told.append).run(_Stop(clock))
    assert (store.maintained, told) == (3, [])
    store.refusal = StorageError(message("full"))
    follower_of(tmp_path, store, clock, told.append).run(_Stop(clock))
    assert (store.maintained, told) == (6, [store.refusal] * 3)
