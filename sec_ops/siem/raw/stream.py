"""One stream while this process writes it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.model.protocols import Clock
from sec_ops.runtime.locks import Lock
from sec_ops.siem.raw.batches import Stored, encode
from sec_ops.siem.raw.layout import make_stream, segment_path, stream_names
from sec_ops.siem.raw.recovery import StreamEnd, empty_facts, recover
from sec_ops.siem.raw.segments import SegmentHeader, SegmentWriter
from sec_ops.siem.raw.state import SegmentFacts, State
from sec_ops.siem.records import Place, RawBatch

__all__ = ["Limits", "StreamWriter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a segment is full (bytes of its file, bytes of its records), and for how many days ids are remembered."""

    segment_bytes: int = 32 * 1024 * 1024
    record_bytes: int = 256 * 1024 * 1024
    ids_days: int = 8


class StreamWriter:
    """Writes a stream whose lock it holds; one thread at a time."""

    def __init__(self, stream: Path, lock: Lock, end: StreamEnd, state: State, clock: Clock, limits: Limits) -> None:
        self.name = stream.name
        self._stream = stream
        self._lock = lock
        self._state = state
        self._clock = clock
        self._limits = limits
        self._sequence, self._head, self._number = end.sequence, end.head, end.segment
        self._unkept: list[Stored] = []
        self._facts: SegmentFacts | None = None
        self._segment: SegmentWriter | None = None
        if end.open and not self._is_full(*end.open):
            header, self._facts = end.open
            self._segment = SegmentWriter(segment_path(stream, header.segment), header)

    @classmethod
    def take(cls, folder: Path, state: State, clock: Clock, limits: Limits) -> "StreamWriter":
        """Return the writer of the first stream that nobody writes, or of a new one; raises OSError, StorageError."""
        for name in stream_names(folder):
            writer = cls._taken(folder / name, state, clock, limits)
            if writer:
                return writer
        while True:
            writer = cls._taken(make_stream(folder), state, clock, limits)
            if writer:
                return writer

    @classmethod
    def _taken(cls, stream: Path, state: State, clock: Clock, limits: Limits) -> "StreamWriter | None":
        lock = Lock.take(stream / "lock")
        if lock is None:
            return None
        try:
            end = recover(stream, state)
            if end.missing:
                lock.release()
                return None
            state.mark(stream.name, clean=False)
            return cls(stream, lock, end, state, clock, limits)
        except BaseException:
            lock.release()
            raise

    def append(self, batches: Sequence[RawBatch]) -> list[Place]:
        """Return the batches' places once they are on disk; after an error the writer must be abandoned."""
        self.catch_up()
        stored, parts = self._encoded(batches)
        segment = self._current()
        segment.append(parts)
        facts = self._facts or empty_facts(segment.header)
        for each in stored:
            facts = facts.with_batch(each)
        self._facts = facts
        self._sequence, self._head = stored[-1].sequence, stored[-1].digest
        # They are on disk, whatever the state says to it: told otherwise, the caller would store them twice.
        self._unkept = stored
        with suppress(StorageError):
            self.catch_up()
        if self._is_full(segment.header, replace(facts, size=segment.size)):
            self._finish_if_possible()
        return [Place(self.name, each.sequence) for each in stored]

    def catch_up(self) -> None:
        """Bring the state up to what is on disk; raises StorageError."""
        if self._unkept:
            self._state.keep(self.name, self._unkept)
            self._unkept = []

    def close(self) -> None:
        """End the segment's frame, note the stream as known to its end and let go of it."""
        try:
            self.catch_up()
            self._finish()
            self._state.mark(self.name, clean=True)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the stream as it is."""
        if self._segment:
            self._segment.abandon()
            self._segment = None
        self._lock.release()

    def _encoded(self, batches: Sequence[RawBatch]) -> tuple[list[Stored], list[bytes]]:
        sequence, head = self._sequence, self._head
        order = self._state.greatest_order() if any(each.position is not None for each in batches) else 0
        stored, parts = [], []
        for batch in batches:
            sequence += 1
            order += batch.position is not None
            encoded, head = encode(batch, sequence=sequence, order=order, previous=head)
            parts += encoded
            stored.append(Stored(sequence=sequence, order=order, batch=batch, digest=head))
        return stored, parts

    def _current(self) -> SegmentWriter:
        if self._segment and self._segment.header.day != self._today():
            self._finish()
        if self._segment is None:
            header = SegmentHeader(
                stream=self.name,
                segment=self._number + 1,
                first=self._sequence + 1,
                previous=self._head.hex(),
                day=self._today(),
            )
            self._segment, self._facts = SegmentWriter.begin(self._stream, header), None
            self._number += 1
        return self._segment

    def _finish(self) -> None:
        if self._segment:
            self._segment.finish()
            facts = self._facts or empty_facts(self._segment.header)
            self._state.keep_segment(replace(facts, size=self._segment.size, whole=True))
            self._segment = None

    def _finish_if_possible(self) -> None:
        try:
            self._finish()
        except (StorageError, OSError):
            if self._segment:
                self._segment.abandon()
            self._segment = None

    def _today(self) -> str:
        return f"{self._clock.now():%Y-%m-%d}"

    def _is_full(self, header: SegmentHeader, facts: SegmentFacts) -> bool:
        full = facts.size >= self._limits.segment_bytes or facts.bytes >= self._limits.record_bytes
        return full or header.day != self._today()
