"""Files, folders, archives and pipes as batches of events, for detection without a store.

A log is read one of two ways. JSON records of a shape that detection knows (EVTX records among them) are parsed and
handed on as they are. All others go through the parsers that `logs import` uses, and become ECS events.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from sec_ops.detection.sieve.sieving import Sieve, event_of, parsed
from sec_ops.model.messages import Message, message
from sec_ops.runtime.archives.finding import Found, NotTaken
from sec_ops.runtime.archives.readers import Budget, Damaged, Plain, Refused
from sec_ops.siem.events import PIPELINE_ERROR, Row
from sec_ops.siem.importing.intake import Ask, Piece, pieces
from sec_ops.siem.importing.lines import wide_codec
from sec_ops.siem.importing.sniffing import no_log_behind_hole
from sec_ops.siem.importing.unwrapping import Leaf, Loss, Unread, unwrap
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from sec_ops.siem.understanding import Session, Understand

__all__ = ["Batch", "EventReader", "Knows", "Means", "Reading", "Strange"]

Knows = Callable[[Mapping[str, Any]], bool]
"""Whether detection knows the shape of a JSON record."""
_GENERIC: Final = "json"
"""The parser that takes any JSON object: what it makes has names that no rule may know."""
_KEYS_SHOWN: Final = 12
_STRANGE_BOUND: Final = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that follow each other in one log; `numbers` are those of the records they were made of, from 1.

    `quiet` is how many more there were, which no rule finds.
    """

    name: str
    events: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]
    quiet: int = 0


@dataclass(slots=True)
class Strange:
    """JSON records of no known shape in one log: how many, and the first names of the first one."""

    name: str
    keys: tuple[str, ...]
    count: int = 0


@dataclass(slots=True)
class Reading:
    """What was read so far: logs, events, records nothing understood, bytes of lines too long; and what was not.

    `as_they_are` are the events among them that no parser read: lines of JSON of a known shape.
    """

    files: int = 0
    events: int = 0
    as_they_are: int = 0
    unparsed: int = 0
    cut_bytes: int = 0
    unread: list[Unread] = field(default_factory=list)
    strange: dict[str, Strange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What reading needs: parsers, known shapes, what sorts lines of known JSON, a reader of EVTX chunks.

    `received_ms` is the present (milliseconds since 1970, UTC), for times that name no year; `zone` is for times that
    name none, empty for the site's.
    """

    understand: Understand
    knows: Knows
    ask: Ask
    received_ms: int
    zone: str = ""
    sieve: Sieve = parsed


class EventReader:
    """Reads one file after the other; never raises for what a file holds, but counts it in `reading`.

    `progress` is told which log is read, and how many events there were so far.
    """

    def __init__(self, means: Means, *, progress: Callable[[str, int], None]) -> None:
        self._means = means
        self._progress = progress
        self.reading = Reading()

    def file(self, found: Found | NotTaken) -> Iterator[Batch]:
        """Yield the events of a file that was found, or note why it isn't read."""
        if isinstance(found, NotTaken):
            self._left_out(str(found.path), found.reason, Loss.SKIPPED if found.lost else Loss.NONE)
            return
        try:
            with found.path.open("rb") as file:
                yield from self._opened(found.path, file)
        except OSError as error:
            reason = message("could not be read: {reason}", reason=error.strerror or str(error))
            self._left_out(str(found.path), reason, Loss.SKIPPED)

    def stream(self, file: IO[bytes], name: str) -> Iterator[Batch]:
        """Yield the events of what comes through a pipe."""
        yield from self._contents(name, None, Plain(file))

    def _opened(self, path: Path, file: IO[bytes]) -> Iterator[Batch]:
        if reason := no_log_behind_hole(file.fileno()):
            self._left_out(str(path), reason, Loss.NONE)
            return
        modified_ms = int(os.fstat(file.fileno()).st_mtime * 1000)
        yield from self._contents(str(path), modified_ms, Plain(file))

    def _contents(self, name: str, modified_ms: int | None, plain: Plain) -> Iterator[Batch]:
        for each in unwrap(name, modified_ms, plain, Budget(plain)):
            if isinstance(each, Unread):
                self._left_out(each.name, each.reason, each.loss)
            else:
                yield from self._leaf(each)

    def _leaf(self, leaf: Leaf) -> Iterator[Batch]:
        self.reading.files += 1
        self._progress(leaf.name, self.reading.events)
        log = _Log(self._means, self.reading, leaf)
        faults = 0
        try:
            for piece in pieces(leaf, {}, "", self._means.ask):
                faults += piece.faults
                self.reading.cut_bytes += piece.cut
                yield from log.take(piece)
                self._progress(leaf.name, self.reading.events)
        except Damaged as error:
            self._left_out(leaf.name, error.reason, Loss.INCOMPLETE)
        except Refused as error:
            self._left_out(leaf.name, error.reason, Loss.SKIPPED)
        yield from log.end()
        if faults:
            self._left_out(leaf.name, message("{count} parts could not be read", count=faults), Loss.INCOMPLETE)

    def _left_out(self, name: str, reason: Message, loss: Loss) -> None:
        self.reading.unread.append(Unread(name, reason, loss))


class _Log:
    """One log: which way it is read is decided by its first record."""

    def __init__(self, means: Means, reading: Reading, leaf: Leaf) -> None:
        self._means = means
        self._reading = reading
        self._name = leaf.name
        self._origin = Origin(
            source=leaf.name,
            transport=Transport.IMPORT,
            path=leaf.name,
            encoding="utf-8" if leaf.is_event_log else wide_codec(leaf.head, ""),
            zone=means.zone,
            reference_ms=leaf.modified_ms,
        )
        self._session: Session | None = None
        self._as_is: bool | None = None
        self._number = 1

    def take(self, piece: Piece) -> Iterator[Batch]:
        records = piece.records
        if self._as_is is None and records:
            self._as_is = self._begins_known(records)
        first, self._number = self._number, self._number + len(records)
        if self._as_is:
            yield from self._as_they_are(records, first)
        elif records:
            yield from self._understood(records, first)

    def end(self) -> Iterator[Batch]:
        if self._session is not None:
            yield from self._batches(self._session.flush())

    def _begins_known(self, records: Sequence[bytes]) -> bool:
        document = event_of(next((record for record in records if record.strip()), b""))
        return document is not None and self._means.knows(document)

    def _as_they_are(self, records: Sequence[bytes], first: int) -> Iterator[Batch]:
        """Hand on what the sieve lets through; what no parser understands is counted, blank lines are nothing."""
        sieved = self._means.sieve(records)
        for place in sieved.others:
            if records[place].strip():
                yield from self._understood((records[place],), first + place)
        self._reading.events += len(sieved.events) + sieved.quiet
        self._reading.as_they_are += len(sieved.events) + sieved.quiet
        numbers = [first + place for place in sieved.places]
        yield Batch(self._name, sieved.events, numbers, quiet=sieved.quiet)

    def _understood(self, records: Sequence[bytes], first: int) -> Iterator[Batch]:
        session = self._session = self._session or self._means.understand(self._origin)
        batch = RawBatch(origin=self._origin, received_ms=self._means.received_ms, records=tuple(records))
        rows = session.feed(Place("", first), batch)
        for row in rows:
            if row.event.get("sec_ops.parser", _GENERIC) == _GENERIC and row.place.sequence == first:
                self._note_strange(records[row.index])
        yield from self._batches(rows)

    def _batches(self, rows: Sequence[Row]) -> Iterator[Batch]:
        if rows:
            self._reading.events += len(rows)
            self._reading.unparsed += sum(row.event.get("event.kind") == PIPELINE_ERROR for row in rows)
            numbers = [row.place.sequence + row.index for row in rows]
            yield Batch(self._name, [row.event for row in rows], numbers)

    def _note_strange(self, record: bytes) -> None:
        """Count a JSON record whose names say nothing to detection: rules can't find anything in it."""
        document = event_of(record)
        if document is None:
            return
        strange = self._reading.strange
        if self._name not in strange and len(strange) < _STRANGE_BOUND:
            strange[self._name] = Strange(self._name, tuple(document)[:_KEYS_SHOWN])
        if self._name in strange:
            strange[self._name].count += 1
