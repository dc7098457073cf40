"""Locks on files, which the kernel lifts when their process ends, however it does.

A lock belongs to whoever opened the file: two threads of one process exclude each other as two processes do. A file
that isn't there is made; a folder is locked itself. File systems without locks (some over a network) refuse.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.runtime.files import PRIVATE_FILE, storage_error

__all__ = ["Lock", "shared", "tried", "waited"]


class Lock:
    """A lock that lasts until `release` or the end of the process."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "Lock | None":
        """Return the lock, None when somebody else has it; raises StorageError."""
        return cls._locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)

    @classmethod
    def _locked(cls, path: Path, how: int) -> "Lock | None":
        try:
            descriptor = _opened(path)
            try:
                fcntl.flock(descriptor, how)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise storage_error(path, error) from error
        return cls(descriptor)

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def waited(path: Path) -> Iterator[None]:
    """Hold a lock alone, after waiting for whoever has it; raises StorageError."""
    with _held(path, fcntl.LOCK_EX):
        yield


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold a lock together with others, after waiting for who has it alone; raises StorageError."""
    with _held(path, fcntl.LOCK_SH):
        yield


@contextmanager
def tried(path: Path) -> Iterator[bool]:
    """Hold a lock alone if nobody has it; say whether it is held. Raises StorageError."""
    with _held(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as held:
        yield held


@contextmanager
def _held(path: Path, how: int) -> Iterator[bool]:
    lock = Lock._locked(path, how)  # noqa: SLF001 - the same module
    try:
        yield lock is not None
    finally:
        if lock:
            lock.release()


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except IsADirectoryError:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
