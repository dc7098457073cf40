"""Finding out how a stream ends whose writer may have died: its whole batches count, whatever follows them doesn't."""

from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.siem.raw.batches import Stored, TornBatch
from sec_ops.siem.raw.layout import segment_numbers, segment_path
from sec_ops.siem.raw.segments import SegmentHeader, SegmentReader, read_header
from sec_ops.siem.raw.state import SegmentFacts, State, StreamState

__all__ = ["StreamEnd", "empty_facts", "recover", "segment_before"]

_BATCHES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEnd:
    """Where a stream goes on: after `sequence`, chained to `head`.

    `segment` is the last segment's number (0: there is none). `open` is its line and facts when it may be gone on with.
    `missing` counts batches that were known of and are not there any more.
    """

    sequence: int
    head: bytes
    segment: int
    open: tuple[SegmentHeader, SegmentFacts] | None
    missing: int = 0


def recover(stream: Path, state: State) -> StreamEnd:
    """Return a stream's end, after bringing the state up to it; the caller holds the stream's lock.

    What it counts as written is on disk. Raises StorageError and OSError.
    """
    known = state.stream(stream.name)
    numbers = segment_numbers(stream)
    if not numbers:
        return StreamEnd(sequence=known.sequence, head=known.head, segment=0, open=None)
    facts = state.segment(stream.name, numbers[-1])
    if known.clean and facts and _unchanged(stream, facts, known):
        header = read_header(segment_path(stream, facts.segment))
        return StreamEnd(sequence=known.sequence, head=known.head, segment=facts.segment, open=(header, facts))
    return _read_on(stream, state, known, numbers)


def segment_before(stream: Path, sequence: int, numbers: list[int]) -> int:
    """Return the index in `numbers` of the segment that holds the batch after `sequence`, 0 when none does."""
    low, high = 0, len(numbers) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _first(stream, numbers[middle]) <= sequence + 1:
            low = middle
        else:
            high = middle - 1
    return low


def _first(stream: Path, number: int) -> int:
    try:
        return read_header(segment_path(stream, number)).first
    except TornBatch:
        return 0


def _unchanged(stream: Path, facts: SegmentFacts, known: StreamState) -> bool:
    return (
        facts.whole
        and facts.last == known.sequence
        and segment_path(stream, facts.segment).stat().st_size == facts.size
    )


def _read_on(stream: Path, state: State, known: StreamState, numbers: list[int]) -> StreamEnd:
    state.mark(stream.name, clean=False)
    end = StreamEnd(sequence=known.sequence, head=known.head, segment=numbers[-1], open=None)
    for number in numbers[segment_before(stream, known.sequence, numbers) :]:
        try:
            reader = SegmentReader(segment_path(stream, number))
        except TornBatch:
            continue
        try:
            end = _segment_end(reader, state, known, numbers[-1])
        finally:
            reader.close()
    if end.sequence >= known.sequence:
        state.mark(stream.name, clean=True)
        return end
    return replace(end, missing=known.sequence - end.sequence)


def _segment_end(reader: SegmentReader, state: State, known: StreamState, last: int) -> StreamEnd:
    header = reader.header
    facts = empty_facts(header)
    waiting: list[Stored] = []
    for stored in reader.batches():
        facts = facts.with_batch(stored)
        if stored.sequence > known.sequence:
            waiting.append(replace(stored, batch=replace(stored.batch, records=())))
        if len(waiting) >= _BATCHES_AT_ONCE:
            state.keep(header.stream, waiting)
            waiting.clear()
    if waiting:
        state.keep(header.stream, waiting)
    facts = replace(facts, size=reader.path.stat().st_size, whole=reader.whole)
    state.keep_segment(facts)
    usable = reader.whole and header.segment == last
    return StreamEnd(
        sequence=facts.last,
        head=bytes.fromhex(facts.head),
        segment=last,
        open=(header, facts) if usable else None,
    )


def empty_facts(header: SegmentHeader) -> SegmentFacts:
    """Return the facts of a segment without batches."""
    return SegmentFacts(
        stream=header.stream,
        segment=header.segment,
        first=header.first,
        last=header.first - 1,
        previous=header.previous,
        head=header.previous,
    )
