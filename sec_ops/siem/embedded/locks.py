"""Who is at work in the store: file locks, which the kernel lifts when their process dies.

A writer shares `writers.lock` from its first file until the manifest knows it: whoever has that lock alone may remove
files that the manifest doesn't name. A reader keeps a locked file `readers/<generation>.<id>`, made before it looks at
the manifest: a file that was removed in a later generation stays until no such reader lives.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.runtime.locks import Lock, tried

__all__ = ["alone", "oldest_reader"]

_ATTEMPTS, _PAUSE_SECONDS = 20, 0.01


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold a lock alone; say whether it could be had within a moment. Raises StorageError."""
    lock = Lock.take(path)
    for _ in range(_ATTEMPTS):
        if lock:
            break
        time.sleep(_PAUSE_SECONDS)
        lock = Lock.take(path)
    try:
        yield lock is not None
    finally:
        if lock:
            lock.release()


def oldest_reader(folder: Path) -> int | None:
    """Return the earliest generation that a living reader may see, None without readers; forget the dead ones."""
    living = []
    for path in folder.iterdir():
        generation, _dot, _id = path.name.partition(".")
        if generation.isdecimal() and _lives(path):
            living.append(int(generation))
    return min(living, default=None)


def _lives(path: Path) -> bool:
    with tried(path) as dead:
        if dead:
            path.unlink(missing_ok=True)
        return not dead
