"""Whoever watches sees events before the store has them, and is asked to make that durable first."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import cast

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.siem.events import Row
from sec_ops.siem.index.follow import Follower
from sec_ops.siem.index.stream import ENDED, IndexLimits, StreamIndex
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, EventStore
from sec_ops.siem.watching import Understood
from tests.unit.siem.index.support import MemoryStore, joining
from tests.unit.siem.raw.support import SetClock, batch_of

LIMITS = IndexLimits(rows=3, record_bytes=1000, age_ms=10_000, sessions=2, silent_ms=5_000)


class Told(MemoryStore):
    """A store and a watcher that note what they hear, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        super().append(rows, commit)
        self.heard.append(("append", len(rows)))

    def begin(self, stream: str, sequence: int) -> None:
        self.heard.append(("begin", stream, sequence))

    def see(self, understood: Understood) -> None:
        texts = " ".join(str(row.event["message"]) for row in understood.rows)
        self.heard.append(("silent" if understood.fell_silent else "see", understood.sequence, texts))

    def settle(self, stream: str, sequence: int) -> None:
        self.heard.append(("settle", stream, sequence))

    def stored(self, stream: str, sequence: int) -> None:
        self.heard.append(("stored", stream, sequence))

    def pause(self) -> None:
        self.heard.append("pause")


def index_of(told: Told, clock: SetClock) -> StreamIndex:
    return StreamIndex("0001", cast("EventStore", told), joining, clock, LIMITS, told)


def test_events_are_seen_at_once_and_settled_before_the_store_takes_them() -> None:
    told, clock = Told(), SetClock()
    index = index_of(told, clock)
    index.feed(Place("0001", 1), batch_of(b"a", b"b"))
    index.feed(Place("0001", 2), batch_of(b"c", position={ENDED: True}))
    index.feed(Place("0001", 3), batch_of(b"d"))
    clock.moment += timedelta(seconds=6)
    index.tick()
    assert told.heard == [
        ("begin", "0001", 0),
        ("see", 1, "a"),
        ("see", 2, "b c"),
        ("settle", "0001", 2),
        ("append", 3),
        ("stored", "0001", 2),
        ("silent", 3, "d"),
    ]


def test_what_the_store_refused_is_told_again(tmp_path: Path) -> None:
    told, clock = Told(), SetClock()
    told.refusal = StorageError(message("full"))
    with RawLog.open(tmp_path, clock=clock) as log:
        log.append(batch_of(b"a", b"b", b"c", b"d", position={ENDED: True}))
    follower = Follower(
        tmp_path,
        store=cast("EventStore", told),
        understand=joining,
        clock=clock,
        failed=lambda _error: None,
        limits=LIMITS,
        watcher=told,
    )
    follower.look()
    told.refusal = None
    clock.moment += timedelta(seconds=6)
    follower.look()
    heard = list(told.heard)
    follower.finish()
    stream = heard[0][1]  # type: ignore[index]
    seen = [("begin", stream, 0), ("see", 1, "a b c d"), ("settle", stream, 1)]
    assert heard == [*seen, "pause", *seen, ("append", 4), ("stored", stream, 1), "pause"]
