"""Who is at work in the store: file locks, which the kernel lifts when their process dies.

A writer shares `writers.lock` from its first file until the manifest knows it: whoever has that lock alone may remove
files that the manifest doesn't name. A reader keeps a locked file `readers/<generation>.<id>`, made before it looks at
the manifest: a file that was removed in a later generation stays until no such reader lives.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.runtime.files import storage_error

__all__ = ["alone", "oldest_reader", "present", "sharing", "waiting"]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_PRIVATE = 0o600
_ATTEMPTS, _PAUSE_SECONDS = 20, 0.01


@contextmanager
def sharing(path: Path) -> Iterator[None]:
    """Hold a lock together with others; raises StorageError."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold a lock alone, after waiting for whoever has it; raises StorageError."""
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold a lock alone; say whether it could be had within a moment. Raises StorageError."""
    descriptor = _opened(path)
    try:
        yield _taken(descriptor, _ATTEMPTS)
    finally:
        os.close(descriptor)


@contextmanager
def present(folder: Path, generation: int, randomness: Callable[[int], bytes]) -> Iterator[None]:
    """Be a reader of this generation or a later one; raises StorageError."""
    name = f"{generation}.{randomness(8).hex()}"
    hidden, shown = folder / f".{name}", folder / name
    descriptor = _opened(hidden)
    try:
        _show(descriptor, hidden, shown)
        yield
    finally:
        shown.unlink(missing_ok=True)
        os.close(descriptor)


def _show(descriptor: int, hidden: Path, shown: Path) -> None:
    """Lock a file before anybody can take it for a dead reader's."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        hidden.rename(shown)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise storage_error(shown, error) from error


def oldest_reader(folder: Path) -> int | None:
    """Return the earliest generation that a living reader may see, None without readers; forget the dead ones."""
    living = []
    for path in folder.iterdir():
        generation, _dot, _id = path.name.partition(".")
        if generation.isdecimal() and _lives(path):
            living.append(int(generation))
    return min(living, default=None)


def _lives(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        if not _taken(descriptor, 1):
            return True
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _taken(descriptor: int, attempts: int) -> bool:
    for attempt in range(attempts):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < attempts - 1:
                time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def _opened(path: Path) -> int:
    try:
        return os.open(path, _FLAGS, _PRIVATE)
    except OSError as error:
        raise storage_error(path, error) from error
