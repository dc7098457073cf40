"""Understanding one stream: batches in, events and how far they bring the stream into the store together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.protocols import Clock
from sec_ops.runtime.locks import waited
from sec_ops.siem.events import DATASET, UNPARSED, Row
from sec_ops.siem.index.sessions import Sessions
from sec_ops.siem.raw.reading import Cursor
from sec_ops.siem.records import Place, RawBatch, Transport
from sec_ops.siem.storing import Commit, Taking
from sec_ops.siem.tables import Rows
from sec_ops.siem.understanding import Understand
from sec_ops.siem.watching import Understood, Unwatched, Watcher

__all__ = ["ENDED", "Counts", "IndexLimits", "StreamIndex", "index_lock", "index_lock_path"]

ENDED = "done"
"""In a position: nothing more comes from this source, what it holds back is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLimits:
    """When events go to the store: rows, bytes of their records, milliseconds since the first; open sessions.

    `silent_ms` is how long a source may say nothing before lines that wait for more are taken for whole.
    """

    rows: int = 50_000
    record_bytes: int = 32 * 1024 * 1024
    age_ms: int = 10_000
    sessions: int = 2_000
    silent_ms: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many events were stored, and how many of them no parser understood."""

    events: int = 0
    unparsed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(events=self.events + other.events, unparsed=self.unparsed + other.unparsed)


class StreamIndex:
    """Understands one stream, whose index lock the caller holds; one thread at a time.

    Raises what the store raises; the same batches are then read again by the next.
    """

    def __init__(
        self,
        stream: str,
        store: Taking,
        understand: Understand,
        clock: Clock,
        limits: IndexLimits,
        watcher: Watcher | None = None,
    ) -> None:
        last = store.committed().get(stream, Commit(stream=stream, sequence=0))
        self.stream = stream
        self.sequence = self.stored = last.sequence
        self.counts = Counts()
        self._store = store
        self._clock = clock
        self._limits = limits
        self._sessions = Sessions(understand, last.pending, limits.sessions, clock.monotonic_ms())
        self._rows = Rows()
        self._record_bytes = 0
        self._since_ms = clock.monotonic_ms()
        self._received_ms = 0
        self._watcher = watcher or Unwatched()
        self._watcher.begin(stream, self.sequence)

    def feed(self, place: Place, batch: RawBatch) -> None:
        """Take the batch that follows the last one taken; stores when there is enough."""
        if place.sequence <= self.sequence:
            return
        if self.sequence == self.stored:
            self._since_ms = self._clock.monotonic_ms()
        self.sequence, self._received_ms = place.sequence, batch.received_ms
        rows = Rows()
        rows.add(self._sessions.feed(place, batch, self._clock.monotonic_ms()))
        if batch.position is not None and batch.position.get(ENDED):
            rows.add(self._sessions.end(batch.origin.source))
        self._take(rows, batch.origin.transport)
        self._record_bytes += sum(map(len, batch.records))
        if len(self._rows) >= self._limits.rows or self._record_bytes >= self._limits.record_bytes:
            self.commit()

    def end(self, source: str) -> None:
        """Take what a source holds back for whole: nothing more comes from it."""
        self._take(self._sessions.end(source), fell_silent=True)

    def tick(self) -> None:
        """Take what silent sources hold back for whole, and store what has waited long enough."""
        now = self._clock.monotonic_ms()
        self._take(self._sessions.end_silent(now - self._limits.silent_ms), fell_silent=True)
        if self.waiting and now - self._since_ms >= self._limits.age_ms:
            self.commit()

    @property
    def waiting(self) -> bool:
        """Return whether something was taken that is not stored."""
        return self.sequence > self.stored or bool(self._rows)

    @property
    def holds_aside(self) -> bool:
        """Return whether lines of an earlier commit wait for a source that nothing was fed to."""
        return self._sessions.holds_aside

    def commit(self) -> None:
        """Store what was taken, and how far the stream is understood."""
        pending = self._sessions.held_back()
        if not (self.waiting or pending):
            return
        self._watcher.settle(self.stream, self.sequence)
        self._store.append(self._rows, Commit(stream=self.stream, sequence=self.sequence, pending=pending))
        self._watcher.stored(self.stream, self.sequence)
        self.counts += Counts(events=len(self._rows), unparsed=_unparsed(self._rows))
        self.stored = self.sequence
        self._rows, self._record_bytes = Rows(), 0

    def _take(self, rows: Sequence[Row], transport: Transport | None = None, *, fell_silent: bool = False) -> None:
        self._rows.add(rows)
        if rows:
            understood = Understood(
                stream=self.stream,
                sequence=self.sequence,
                received_ms=self._received_ms,
                rows=rows,
                transport=transport,
                fell_silent=fell_silent,
            )
            self._watcher.see(understood)

    def catch_up(self, folder: Path) -> None:
        """Take every batch of the stream that is there and was not taken; `folder` is `var/logs/`."""
        cursor = Cursor(folder, self.stream, self.sequence)
        try:
            for place, batch in cursor.read():
                self.feed(place, batch)
        finally:
            cursor.close()


@contextmanager
def index_lock(folder: Path, stream: str) -> Iterator[None]:
    """Hold the right to understand a stream, after waiting for whoever has it; raises StorageError."""
    with waited(index_lock_path(folder, stream)):
        yield


def index_lock_path(folder: Path, stream: str) -> Path:
    """Return the file whose lock is the right to understand a stream."""
    return folder / "raw" / stream / "index.lock"


def _unparsed(rows: Rows) -> int:
    """Return how many events no parser understood: these never lie in tables."""
    return sum(row.event.get(DATASET) == UNPARSED for row in rows.single)
