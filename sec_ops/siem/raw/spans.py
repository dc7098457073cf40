"""Which streams may hold records that were received at some time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from sec_ops.runtime.files import storage_error
from sec_ops.siem.raw.facts import facts_of
from sec_ops.siem.raw.layout import segment_numbers, segment_path
from sec_ops.siem.raw.salvage import Seals
from sec_ops.siem.raw.state import SegmentFacts, State

__all__ = ["streams_between"]

_Span = tuple[int, int]


def streams_between(folder: Path, streams: Iterable[str], seals: Seals, spans: Sequence[_Span]) -> Iterator[str]:
    """Yield the streams of `var/logs/` that may hold records received within spans (milliseconds, both ends).

    A stream whose last segment is still written may; raises StorageError.
    """
    with closing(State(folder / "state.db")) as state:
        for stream in streams:
            try:
                received = list(_received(folder / "raw" / stream, seals, state))
            except OSError as error:
                raise storage_error(Path(error.filename or folder), error) from error
            if any(_overlap(each, span) for each in received for span in spans):
                yield stream


def _received(stream: Path, seals: Seals, state: State) -> Iterator[_Span | None]:
    """Yield when the records of each segment were received, None where that isn't known."""
    there = segment_numbers(stream)
    for number in sorted({*there, *seals.numbers(stream.name)}):
        facts = _facts(stream, number, there, state)
        known = facts or seals.removed.get((stream.name, number)) or seals.closed(stream.name, number)
        yield (known.received_first_ms, known.received_last_ms) if known else None


def _facts(stream: Path, number: int, there: Sequence[int], state: State) -> SegmentFacts | None:
    if number in there[:-1]:
        return facts_of(stream, number, state)
    known = state.segment(stream.name, number) if number in there else None
    return known if known and known.size == segment_path(stream, number).stat().st_size else None


def _overlap(received: _Span | None, span: _Span) -> bool:
    return received is None or (received[0] <= span[1] and span[0] <= received[1])
