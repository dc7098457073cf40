"""Where the raw log lies: `raw/<stream>/NNNNNN.zst`, one folder and one lock a stream."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.runtime.files import make_folder, sync_folder

__all__ = [
    "Lock",
    "make_stream",
    "segment_numbers",
    "segment_path",
    "stream_names",
    "waited_lock",
]

_STREAM = re.compile(r"[0-9]{4,}")
_SEGMENT = re.compile(r"([0-9]{6,})\.zst")
PRIVATE_FILE = 0o600


class Lock:
    """A lock on a file that lasts until `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> "Lock | None":
        """Return the lock, None when somebody else has it; raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let go; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def waited_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file, after waiting for whoever has it; raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def stream_names(folder: Path) -> list[str]:
    """Return the streams of a raw log, in order; none when there is no such folder."""
    try:
        names = [path.name for path in folder.iterdir() if _STREAM.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    return sorted(names, key=int)


def segment_numbers(stream: Path) -> list[int]:
    """Return the numbers of a stream's segments, in order; none when there is no such folder."""
    try:
        found = [_SEGMENT.fullmatch(path.name) for path in stream.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for match in found if match)


def segment_path(stream: Path, number: int) -> Path:
    """Return the file of a segment."""
    return stream / f"{number:06d}.zst"


def make_stream(folder: Path) -> Path:
    """Make the next stream's folder; somebody else may take it first."""
    make_folder(folder)
    taken = stream_names(folder)
    stream = folder / f"{int(taken[-1]) + 1 if taken else 1:04d}"
    make_folder(stream)
    sync_folder(folder)
    return stream
