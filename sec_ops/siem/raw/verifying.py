"""Checking the raw log: the chain is recomputed and compared with what the evidence log sealed of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.model.evidence import Entry, LogSegment, LogSegmentRemoved
from sec_ops.model.messages import Message, message
from sec_ops.runtime.files import storage_error
from sec_ops.siem.raw.batches import TornBatch
from sec_ops.siem.raw.layout import segment_numbers, segment_path, stream_names
from sec_ops.siem.raw.sealing import file_sha256
from sec_ops.siem.raw.segments import SegmentReader

__all__ = ["RawFault", "RawVerdict", "verify_raw"]


@dataclass(frozen=True, slots=True)
class RawFault:
    """What doesn't add up in a segment."""

    stream: str
    segment: int
    reason: Message


@dataclass(slots=True)
class RawVerdict:
    """What was checked: streams, segments, batches and records; torn tails, which hold nothing acknowledged; faults."""

    streams: int = 0
    segments: int = 0
    batches: int = 0
    records: int = 0
    sealed: int = 0
    torn: list[tuple[str, int]] = field(default_factory=list)
    faults: list[RawFault] = field(default_factory=list)


def verify_raw(folder: Path, entries: Iterable[Entry]) -> RawVerdict:
    """Return how the raw log of `var/logs/` stands against the entries of the evidence log; raises StorageError."""
    verdict = RawVerdict()
    removed: set[tuple[str, int]] = set()
    by_stream: dict[str, dict[int, list[LogSegment]]] = {}
    for entry in entries:
        if entry.kind == LogSegment.kind:
            seal = LogSegment.model_validate(entry.data)
            by_stream.setdefault(seal.stream, {}).setdefault(seal.segment, []).append(seal)
            verdict.sealed += 1
        elif entry.kind == LogSegmentRemoved.kind:
            gone = LogSegmentRemoved.model_validate(entry.data)
            removed.add((gone.stream, gone.segment))
    try:
        for name in sorted({*stream_names(folder / "raw"), *by_stream}):
            _Stream(folder / "raw" / name, by_stream.get(name, {}), verdict).check(removed)
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error
    return verdict


class _Stream:
    """One stream against its seals."""

    def __init__(self, stream: Path, seals: Mapping[int, list[LogSegment]], verdict: RawVerdict) -> None:
        self._stream = stream
        self._seals = seals
        self._verdict = verdict

    def check(self, removed: set[tuple[str, int]]) -> None:
        """Check every segment, and that none is missing."""
        numbers = segment_numbers(self._stream)
        self._verdict.streams += bool(numbers)
        end: tuple[int, str] | None = None
        for number in numbers:
            end = self._segment(number, end, last=number == numbers[-1])
        for number in sorted(self._seals):
            if number not in numbers and (self._stream.name, number) not in removed:
                self._fault(number, message("the segment is gone, and no retention says why"))

    def _segment(self, number: int, end: tuple[int, str] | None, *, last: bool) -> tuple[int, str] | None:
        path = segment_path(self._stream, number)
        try:
            reader = SegmentReader(path)
        except TornBatch:
            self._fault(number, message("the file is no segment any more"))
            return end
        try:
            header = reader.header
            if end and (header.first - 1, header.previous) != end:
                self._fault(number, message("it does not follow the segment before"))
            heads = self._heads(reader)
            if not reader.whole and not last:
                self._verdict.torn.append((self._stream.name, number))
        finally:
            reader.close()
        self._compare(number, path, {header.first - 1: header.previous, **heads})
        return max(heads.items(), default=(header.first - 1, header.previous))

    def _heads(self, reader: SegmentReader) -> dict[int, str]:
        wanted = {seal.last for seal in self._seals.get(reader.header.segment, ())}
        heads: dict[int, str] = {}
        sequence, head = 0, ""
        for stored in reader.batches():
            sequence, head = stored.sequence, stored.digest.hex()
            self._verdict.batches += 1
            self._verdict.records += len(stored.batch.records)
            if sequence in wanted:
                heads[sequence] = head
        if sequence:
            heads[sequence] = head
        self._verdict.segments += 1
        return heads

    def _compare(self, number: int, path: Path, heads: Mapping[int, str]) -> None:
        for seal in self._seals.get(number, ()):
            if heads.get(seal.last) != seal.head:
                self._fault(number, message("up to batch {last} it is not what was sealed", last=seal.last))
                return
            if seal.closed and seal.sha256 != file_sha256(path):
                self._fault(number, message("the file is not the one that was sealed"))
                return

    def _fault(self, number: int, reason: Message) -> None:
        self._verdict.faults.append(RawFault(self._stream.name, number, reason))
