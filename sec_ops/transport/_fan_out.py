"""Many visits at a time by a bounded number of threads, yielding replies as they complete."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from sec_ops.transport._visit import Visit
from sec_ops.transport.values import Reply

__all__ = ["fan_out"]

_LOOK_SECONDS = 0.2
_LEAVE_SECONDS = 2.0


def fan_out(visits: Sequence[Visit], parallel: int) -> Iterator[Reply]:
    """Make the visits, at most `parallel` at a time; yield each reply as it completes.

    When the iterator is closed, by an interruption too, every connection is ended at once and nothing new begins.
    """
    work = _Work(visits)
    threads = [_start(work.make_visits) for _ in range(min(parallel, len(visits)))]
    threads.append(_start(work.watch_deadlines))
    try:
        for _ in visits:
            yield work.done.get()
    finally:
        work.stop()
        _leave(threads)


class _Work:
    """What the threads share."""

    def __init__(self, visits: Sequence[Visit]) -> None:
        self.done: SimpleQueue[Reply] = SimpleQueue()
        self._waiting = deque(visits)
        self._running: set[Visit] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def make_visits(self) -> None:
        """Make one visit after the other until none is left."""
        while (visit := self._next()) is not None:
            self.done.put(visit.run())
            with self._lock:
                self._running.discard(visit)

    def watch_deadlines(self) -> None:
        """End each visit whose deadline passed."""
        while not self._stopped.wait(_LOOK_SECONDS):
            for visit in self._copy():
                visit.expire()

    def stop(self) -> None:
        """Begin no further visit and end those under way."""
        self._stopped.set()
        with self._lock:
            self._waiting.clear()
        for visit in self._copy():
            visit.cancel()

    def _next(self) -> Visit | None:
        with self._lock:
            if not self._waiting:
                return None
            visit = self._waiting.popleft()
            self._running.add(visit)
            return visit

    def _copy(self) -> tuple[Visit, ...]:
        with self._lock:
            return tuple(self._running)


def _start(task: Callable[[], None]) -> threading.Thread:
    # Daemons: a name server that does not answer must not hold up the end of the program.
    thread = threading.Thread(target=task, daemon=True)
    thread.start()
    return thread


def _leave(threads: Sequence[threading.Thread]) -> None:
    end = time.monotonic() + _LEAVE_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
