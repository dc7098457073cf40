"""A site in small: an indexer whose lines are events, live detection beside it, both killed and begun again."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any, cast

from sec_ops.detection.database import Database, open_database
from sec_ops.detection.events import FlatEvent, Occurrence
from sec_ops.detection.live.judging import Judging
from sec_ops.detection.live.standing import LiveStanding
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import (
    ANY_MANY,
    Aggregate,
    Correlation,
    Glob,
    Header,
    Level,
    LogSource,
    Rule,
    Test,
)
from sec_ops.siem.events import Row
from sec_ops.siem.index.stream import IndexLimits, StreamIndex
from sec_ops.siem.records import Origin, Place, RawBatch
from sec_ops.siem.storing import EventStore
from sec_ops.workflows.live_detection import LiveDetection, LiveDoors
from tests.unit.siem.index.support import MemoryStore
from tests.unit.siem.raw.support import SetClock

LIMITS = IndexLimits(rows=6, record_bytes=10_000, age_ms=10_000, sessions=3, silent_ms=5_000)


def header(name: str) -> Header:
    return Header(id=name, name=name, title={"en": name}, level=Level.HIGH, digest=name)


FAILED = Rule(
    header=header("failed"), source=LogSource(), condition=Test("message", Glob((ANY_MANY, "fail", ANY_MANY)))
)
ROOT = Rule(header=header("root"), source=LogSource(), condition=Test("message", Glob((ANY_MANY, "root", ANY_MANY))))
GUESSED = Correlation(
    header=header("guessed"),
    aggregate=Aggregate.EVENT_COUNT,
    rules=("failed",),
    span_s=60,
    group_by=("who",),
    threshold=3,
)


def judging(digest: str = "first", rules: Sequence[Rule] = (FAILED, ROOT)) -> Judging:
    def find(events: Iterable[FlatEvent]) -> Iterator[tuple[int, Sequence[Rule]]]:
        for place, event in enumerate(events):
            if found := [rule for rule in rules if finds(rule.condition, event, UTC)]:
                yield place, found

    return Judging(
        digest=digest,
        rules=tuple(rules),
        correlations=(GUESSED,),
        alerting=frozenset({"root", "guessed"}),
        find=find,
        occurrence=occurrence,
    )


def occurrence(event: FlatEvent, record: str) -> Occurrence:
    """Return the occurrence of a line such as `fail@12`: seconds since 1970."""
    seconds = int(str(event["message"]).partition("|")[0].partition("@")[2] or 0)
    return Occurrence(event=event, shape="lines", record=record, time_us=seconds * 1_000_000)


class JoiningSession:
    """One event a line, with the lines after it that begin with a blank; its record is the first line's."""

    def __init__(self, origin: Origin, pending: bytes) -> None:
        self._origin = origin
        self._held: list[Any] = json.loads(pending) if pending else []

    def feed(self, place: Place, batch: RawBatch) -> Sequence[Row]:
        rows: list[Row] = []
        for index, record in enumerate(batch.records):
            if record.startswith(b" ") and self._held:
                self._held[0] += "|" + record.decode()
                continue
            rows += self.flush()
            self._held = [record.decode(), place.stream, place.sequence, index]
        return rows

    def flush(self) -> Sequence[Row]:
        if not self._held:
            return ()
        (text, stream, sequence, index), self._held = self._held, []
        return [Row({"message": text, "who": self._origin.source}, Place(stream, sequence), index)]

    def pending(self) -> bytes:
        return json.dumps(self._held).encode() if self._held else b""


def joining(origin: Origin, pending: bytes = b"") -> JoiningSession:
    return JoiningSession(origin, pending)


class Site:
    """What outlives a process: the store and detection's database; and the process that there is now."""

    def __init__(self, folder: Path, clock: SetClock, *, lazy: bool = False) -> None:
        self.folder = folder
        self.clock = clock
        self.store = MemoryStore()
        self.reports = 0
        self.told: list[LiveStanding] = []
        self.rules: Judging | Exception = judging()
        self._database: Database | None = None
        self._lazy = lazy
        self.begin()

    def begin(self) -> None:
        """Begin a process anew, after whatever end of the one before."""
        if self._database:
            self._database.close()
            self._database = None
        self.live = LiveDetection(
            LiveDoors(
                clock=self.clock,
                open_database=self._open,
                load=self._load,
                report=self._report,
                tell=self.told.append,
            )
        )
        if not self._lazy:
            self.live.ready()
        store = cast("EventStore", self.store)
        self.index = StreamIndex("0001", store, joining, self.clock, LIMITS, self.live)

    def alerts(self) -> list[tuple[str, str, int]]:
        """Return rule, key and count of every alert."""
        with closing(open_database(self.folder / "detection.db")) as database, database.reading() as connection:
            return sorted(connection.execute("SELECT rule, key, count FROM alerts").fetchall())

    def _open(self) -> Database:
        self._database = open_database(self.folder / "detection.db")
        return self._database

    def _load(self, digest: str) -> Judging | None:
        if isinstance(self.rules, Exception):
            raise self.rules
        return None if self.rules.digest == digest else self.rules

    def _report(self) -> None:
        self.reports += 1
