"""Keeping up with every stream that nobody else understands, while listeners and pulls write them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import SecOpsError
from sec_ops.model.protocols import Clock
from sec_ops.runtime.files import storage_error
from sec_ops.runtime.locks import Lock
from sec_ops.siem.index.stream import Counts, IndexLimits, StreamIndex, index_lock_path
from sec_ops.siem.raw.layout import segment_numbers, segment_path, stream_names
from sec_ops.siem.raw.reading import Cursor
from sec_ops.siem.raw.state import State, StreamState
from sec_ops.siem.storing import EventStore
from sec_ops.siem.understanding import Understand
from sec_ops.siem.watching import Unwatched, Watcher

__all__ = ["Follower"]

_POLL_SECONDS = 0.2
_RETRY_MS = 5_000
_TIDY_MS = 300_000


@dataclass(slots=True)
class _Followed:
    lock: Lock
    index: StreamIndex
    cursor: Cursor
    fed_ms: int
    fed: int = 0


class Follower:
    """Indexes the streams of `var/logs/`; any number of processes may, each stream is with one at a time.

    `failed` is told what went wrong with a stream, which is read again from its last commit some seconds later. The
    `watcher` sees every event at once.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: EventStore,
        understand: Understand,
        clock: Clock,
        failed: Callable[[SecOpsError], None],
        limits: IndexLimits | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._folder = folder
        self._store = store
        self._understand = understand
        self._clock = clock
        self._failed = failed
        self._limits = limits or IndexLimits()
        self._watcher = watcher or Unwatched()
        self._followed: dict[str, _Followed] = {}
        self._left_at: dict[str, tuple[int, int]] = {}
        self._retry_at_ms: dict[str, int] = {}
        self._ended = Counts()
        self._state: State | None = None

    @property
    def counts(self) -> Counts:
        """Return what was stored so far."""
        return sum((each.index.counts for each in self._followed.values()), self._ended)

    def look(self) -> None:
        """Take what is new in every stream, store what has waited long enough, let go of streams that are silent."""
        for stream in stream_names(self._folder / "raw"):
            self._guarded(stream, self._advance)
        self._watcher.pause()

    def finish(self) -> None:
        """Take and store everything that is there, and let go of everything; lines that wait for more stay pending."""
        self.look()
        for stream in list(self._followed):
            self._guarded(stream, self._store_and_leave)
        if self._state:
            self._state.close()
            self._state = None

    def run(self, stop: threading.Event) -> None:
        """Look again and again until `stop` is set, then finish; the store is tidied up now and then."""
        tidied = self._clock.monotonic_ms()
        while not stop.wait(_POLL_SECONDS):
            self.look()
            if self._clock.monotonic_ms() - tidied >= _TIDY_MS:
                self._tidy()
                tidied = self._clock.monotonic_ms()
        self.finish()

    def _tidy(self) -> None:
        try:
            self._store.maintain()
        except SecOpsError as error:
            self._failed(error)

    def _guarded(self, stream: str, act: Callable[[str], None]) -> None:
        try:
            act(stream)
        except (SecOpsError, OSError) as error:
            self._leave(stream)
            self._retry_at_ms[stream] = self._clock.monotonic_ms() + _RETRY_MS
            self._failed(error if isinstance(error, SecOpsError) else storage_error(self._folder, error))

    def _advance(self, stream: str) -> None:
        followed = self._followed.get(stream) or self._take(stream)
        if followed is None:
            return
        # Looked at before reading: what comes meanwhile must not count as seen.
        seen = self._seen(stream)
        before, now = followed.index.sequence, self._clock.monotonic_ms()
        for place, batch in followed.cursor.read():
            followed.index.feed(place, batch)
        if followed.index.sequence > before:
            followed.fed, followed.fed_ms = followed.fed + 1, now
        followed.index.tick()
        silent = not followed.fed or now - followed.fed_ms > 2 * self._limits.silent_ms
        if silent and not followed.index.waiting and not followed.index.holds_aside:
            self._leave(stream, seen=seen)

    def _store_and_leave(self, stream: str) -> None:
        self._followed[stream].index.commit()
        self._leave(stream)

    def _take(self, stream: str) -> _Followed | None:
        now = self._clock.monotonic_ms()
        if now < self._retry_at_ms.get(stream, 0) or self._left_at.get(stream) == self._seen(stream):
            return None
        seen = self._seen(stream)
        lock = Lock.take(index_lock_path(self._folder, stream))
        if lock is None:
            return None
        try:
            index = StreamIndex(stream, self._store, self._understand, self._clock, self._limits, self._watcher)
        except BaseException:
            lock.release()
            raise
        known = self._known(stream)
        if known.clean and known.sequence == index.sequence and not index.holds_aside:
            lock.release()
            self._left_at[stream] = seen
            return None
        followed = _Followed(lock, index, Cursor(self._folder, stream, index.sequence), now)
        self._followed[stream] = followed
        return followed

    def _known(self, stream: str) -> StreamState:
        self._state = self._state or State(self._folder / "state.db")
        return self._state.stream(stream)

    def _leave(self, stream: str, seen: tuple[int, int] | None = None) -> None:
        followed = self._followed.pop(stream, None)
        if followed:
            self._ended += followed.index.counts
            followed.cursor.close()
            followed.lock.release()
        if seen:
            self._left_at[stream] = seen

    def _seen(self, stream: str) -> tuple[int, int]:
        """Return what changes when something is added to a stream: its last segment and that file's size."""
        folder = self._folder / "raw" / stream
        numbers = segment_numbers(folder)
        return (numbers[-1], segment_path(folder, numbers[-1]).stat().st_size) if numbers else (0, 0)
