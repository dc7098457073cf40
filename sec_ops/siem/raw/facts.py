"""What lies in segments, known from the state or found out by reading them."""

from dataclasses import replace
from pathlib import Path

from sec_ops.siem.raw.batches import TornBatch
from sec_ops.siem.raw.layout import segment_numbers, segment_path
from sec_ops.siem.raw.recovery import empty_facts
from sec_ops.siem.raw.segments import SegmentReader
from sec_ops.siem.raw.state import SegmentFacts, State

__all__ = ["closed_segments", "facts_of", "read_facts"]


def closed_segments(stream: Path) -> list[int]:
    """Return the numbers of segments that never change again: all but the last."""
    return segment_numbers(stream)[:-1]


def facts_of(stream: Path, number: int, state: State) -> SegmentFacts | None:
    """Return what lies in a closed segment, None when it is no segment; raises StorageError, OSError."""
    known = state.segment(stream.name, number)
    path = segment_path(stream, number)
    if known and known.size == path.stat().st_size:
        return known
    found = read_facts(path)
    if found:
        state.keep_segment(found)
    return found


def read_facts(path: Path) -> SegmentFacts | None:
    """Return what a segment's whole batches are, None when the file is no segment; raises OSError."""
    try:
        reader = SegmentReader(path)
    except TornBatch:
        return None
    try:
        facts = empty_facts(reader.header)
        for stored in reader.batches():
            facts = facts.with_batch(stored)
        return replace(facts, size=path.stat().st_size, whole=reader.whole)
    finally:
        reader.close()
