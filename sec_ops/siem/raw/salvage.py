"""Reading a stream past what is missing or damaged of it: every batch that can be vouched for, and what can't be had.

A batch counts when the chain leads to it from the segment's line, that line follows what was read before, and nothing
that was sealed of the segment contradicts it. Segments that retention let go are known by their entries.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sec_ops.model.evidence import Entry, LogSegment, LogSegmentRemoved
from sec_ops.runtime.files import storage_error
from sec_ops.siem.raw.batches import Stored, TornBatch
from sec_ops.siem.raw.layout import segment_numbers, segment_path
from sec_ops.siem.raw.segments import SegmentHeader, SegmentReader, read_header

__all__ = ["LossKind", "RawLoss", "Seals", "salvaged", "seals_of"]


class LossKind(StrEnum):
    """Why batches can't be read."""

    EXPIRED = "expired"  # let go by retention, sealed
    GONE = "gone"  # the file is not there, and no entry says why
    DAMAGED = "damaged"  # the file can't be read from there on
    CHANGED = "changed"  # the file is not what was sealed, or does not follow what is before it


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLoss:
    """Batches `first` to `last` of a segment that can't be had; 0 and None where that is not known.

    `records` is how many records they held, the times are of the segment's first and last receipt (milliseconds, UTC).
    """

    stream: str
    segment: int
    kind: LossKind
    first: int = 0
    last: int = 0
    records: int | None = None
    received_first_ms: int = 0
    received_last_ms: int = 0


@dataclass(frozen=True, slots=True)
class Seals:
    """What the evidence log says of segments, by stream and number."""

    sealed: Mapping[tuple[str, int], Sequence[LogSegment]] = field(default_factory=dict)
    removed: Mapping[tuple[str, int], LogSegmentRemoved] = field(default_factory=dict)

    def numbers(self, stream: str) -> set[int]:
        """Return the segments of a stream that entries speak of."""
        return {number for name, number in [*self.sealed, *self.removed] if name == stream}

    def closed(self, stream: str, number: int) -> LogSegment | None:
        """Return what was sealed of a segment when it was whole."""
        return next((each for each in reversed(self.sealed.get((stream, number), ())) if each.closed), None)


def seals_of(entries: Iterable[Entry]) -> Seals:
    """Return what entries of the evidence log say of segments."""
    sealed: dict[tuple[str, int], list[LogSegment]] = {}
    removed: dict[tuple[str, int], LogSegmentRemoved] = {}
    for entry in entries:
        if entry.kind == LogSegment.kind:
            seal = LogSegment.model_validate(entry.data)
            sealed.setdefault((seal.stream, seal.segment), []).append(seal)
        elif entry.kind == LogSegmentRemoved.kind:
            gone = LogSegmentRemoved.model_validate(entry.data)
            removed[gone.stream, gone.segment] = gone
    return Seals(sealed, removed)


def salvaged(folder: Path, stream: str, seals: Seals, lost: Callable[[RawLoss], None]) -> Iterator[Stored]:
    """Yield the batches of a stream of `var/logs/` that can be had, in order; `lost` hears of the others in between.

    Raises StorageError.
    """
    try:
        yield from _Salvage(folder / "raw" / stream, seals, lost).batches()
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error


class _Salvage:
    def __init__(self, stream: Path, seals: Seals, lost: Callable[[RawLoss], None]) -> None:
        self._stream = stream
        self._name = stream.name
        self._seals = seals
        self._lost = lost
        self._sequence = 0
        self._head: str | None = None

    def batches(self) -> Iterator[Stored]:
        there = segment_numbers(self._stream)
        for number in sorted({*there, *self._seals.numbers(self._name)}):
            if number in there:
                yield from self._segment(number, [each for each in there if each > number])
            else:
                self._missing(number)

    def _missing(self, number: int) -> None:
        removed = self._seals.removed.get((self._name, number))
        closed = self._seals.closed(self._name, number)
        self._head = None
        self._tell(number, LossKind.EXPIRED if removed else LossKind.GONE, removed or closed, self._sequence + 1)
        known = removed or closed
        self._sequence = max(self._sequence, known.last if known else 0)

    def _segment(self, number: int, later: Sequence[int]) -> Iterator[Stored]:
        closed = self._seals.closed(self._name, number)
        header = _header(segment_path(self._stream, number))
        if header is None:
            self._head = None
            self._tell(number, LossKind.DAMAGED, closed, self._sequence + 1)
            return
        if not self._follows(header) or self._contradicted(header):
            self._head = None
            self._tell(number, LossKind.CHANGED, closed, header.first)
            return
        self._sequence, self._head = header.first - 1, header.previous
        records = 0
        reader = SegmentReader(segment_path(self._stream, number))
        try:
            for stored in reader.batches():
                self._sequence, self._head = stored.sequence, stored.digest.hex()
                records += len(stored.batch.records)
                yield stored
        finally:
            reader.close()
        expected = self._expected(number, later)
        if self._sequence < expected:
            self._head = None
            self._tell(number, LossKind.DAMAGED, closed, self._sequence + 1, read=records, last=expected)

    def _follows(self, header: SegmentHeader) -> bool:
        """Return whether a segment goes on where the one before ended; after a gap its own seals must say so."""
        if self._head is None:
            return header.first > self._sequence
        return (header.first - 1, header.previous) == (self._sequence, self._head)

    def _contradicted(self, header: SegmentHeader) -> bool:
        """Return whether a batch that was sealed is another now; one that can't be reached is damage, not another."""
        seals = self._seals.sealed.get((self._name, header.segment), ())
        if any((seal.first, seal.previous) != (header.first, header.previous) for seal in seals):
            return True
        wanted = {seal.last: seal.head for seal in seals if seal.last >= header.first}
        if not wanted:
            return False
        reader = SegmentReader(segment_path(self._stream, header.segment))
        try:
            heads = ((stored.sequence, stored.digest.hex()) for stored in reader.batches())
            return any(wanted.get(sequence, head) != head for sequence, head in heads)
        finally:
            reader.close()

    def _expected(self, number: int, later: Sequence[int]) -> int:
        """Return the last batch that a segment should have."""
        sealed = max((each.last for each in self._seals.sealed.get((self._name, number), ())), default=0)
        following = _header(segment_path(self._stream, number + 1)) if later[:1] == [number + 1] else None
        return max(sealed, following.first - 1) if following else sealed

    def _tell(
        self,
        number: int,
        kind: LossKind,
        known: LogSegment | LogSegmentRemoved | None,
        first: int,
        *,
        read: int = 0,
        last: int = 0,
    ) -> None:
        self._lost(
            RawLoss(
                stream=self._name,
                segment=number,
                kind=kind,
                first=first,
                last=last or (known.last if known else 0),
                records=known.records - read if known and known.records >= read else None,
                received_first_ms=known.received_first_ms if known else 0,
                received_last_ms=known.received_last_ms if known else 0,
            )
        )


def _header(path: Path) -> SegmentHeader | None:
    try:
        return read_header(path)
    except TornBatch:
        return None
