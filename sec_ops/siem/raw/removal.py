"""Letting raw records go that are older than they have to be kept: whole segments, from a stream's beginning on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sec_ops.evidence.log import AppendRequest, EvidenceLog
from sec_ops.model.evidence import LogSegmentRemoved
from sec_ops.model.protocols import Clock
from sec_ops.runtime.files import storage_error, sync_folder
from sec_ops.runtime.locks import Lock
from sec_ops.siem.raw.facts import facts_of
from sec_ops.siem.raw.layout import segment_numbers, segment_path, stream_names
from sec_ops.siem.raw.recovery import recover
from sec_ops.siem.raw.sealing import file_sha256, seal_raw
from sec_ops.siem.raw.segments import SegmentHeader, SegmentWriter
from sec_ops.siem.raw.state import SegmentFacts, State

__all__ = ["removable", "remove"]


def removable(folder: Path, before_ms: int, committed: Mapping[str, int], clock: Clock) -> Sequence[SegmentFacts]:
    """Return the segments that hold only records received before then (UTC) and understood already.

    `folder` is `var/logs/`; `committed` is how far each stream is in the store. A stream that nobody writes is closed
    for that. Raises StorageError.
    """
    state = State(folder / "state.db")
    try:
        return [
            facts
            for name in stream_names(folder / "raw")
            for facts in _old(folder / "raw" / name, before_ms, committed.get(name, 0), state, clock)
        ]
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error
    finally:
        state.close()


def remove(folder: Path, segments: Iterable[SegmentFacts], evidence: EvidenceLog) -> Sequence[LogSegmentRemoved]:
    """Seal what is let go of, then delete it; return what was sealed. Raises StorageError and what evidence raises."""
    wanted = list(segments)
    if not wanted:
        return ()
    seal_raw(folder, evidence)
    state = State(folder / "state.db")
    try:
        removed = [_removed(folder / "raw" / facts.stream, facts) for facts in wanted]
        evidence.append_many(
            AppendRequest(kind=LogSegmentRemoved.kind, data=each.model_dump(mode="json")) for each in removed
        )
        for each in removed:
            segment_path(folder / "raw" / each.stream, each.segment).unlink()
            sync_folder(folder / "raw" / each.stream)
            state.forget_segment(each.stream, each.segment)
        return removed
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error
    finally:
        state.close()


def _removed(stream: Path, facts: SegmentFacts) -> LogSegmentRemoved:
    return LogSegmentRemoved(
        stream=facts.stream,
        segment=facts.segment,
        first=facts.first,
        last=facts.last,
        head=facts.head,
        records=facts.records,
        received_first_ms=facts.received_first_ms,
        received_last_ms=facts.received_last_ms,
        sha256=file_sha256(segment_path(stream, facts.segment)),
    )


def _old(stream: Path, before_ms: int, committed: int, state: State, clock: Clock) -> Iterator[SegmentFacts]:
    _close_if_free(stream, before_ms, state, clock)
    latest_ms = 0
    for number in segment_numbers(stream)[:-1]:
        facts = facts_of(stream, number, state)
        if facts is None:
            return
        # A clock that was set back doesn't make records older than those before them.
        latest_ms = max(latest_ms, facts.received_last_ms)
        if latest_ms >= before_ms or facts.last > committed:
            return
        yield facts


def _close_if_free(stream: Path, before_ms: int, state: State, clock: Clock) -> None:
    """Begin an empty segment behind one that is old, when nobody writes the stream."""
    lock = Lock.take(stream / "lock")
    if lock is None:
        return
    try:
        end = recover(stream, state)
        if end.open is None or not end.open[1].records or end.open[1].received_last_ms >= before_ms:
            return
        header = SegmentHeader(
            stream=stream.name,
            segment=end.segment + 1,
            first=end.sequence + 1,
            previous=end.head.hex(),
            day=f"{clock.now():%Y-%m-%d}",
        )
        SegmentWriter.begin(stream, header).abandon()
    finally:
        lock.release()
