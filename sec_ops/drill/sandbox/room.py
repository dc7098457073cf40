"""Room on the disk under a sandbox: what runs inside may use it down to a reserve, and is ended below that."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import ProgramFailed, StorageError
from sec_ops.model.messages import message
from sec_ops.model.text import bytes_text
from sec_ops.runtime.files import storage_error

__all__ = ["Guard", "Room", "guarded", "reserve_of", "room_of"]

_LOOK_SECONDS = 0.05
_RESERVE_BYTES = 1024**3
_SHARE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A file system's bytes and numbers of files, or parts of these."""

    bytes: int
    files: int


class Guard:
    """What ends a sandbox when the disk under it runs short; `broken` is why it did, None as long as it did not."""

    def __init__(self, folder: Path, *, end: Callable[[], None], running: Callable[[], Sequence[str]]) -> None:
        self.broken: ProgramFailed | None = None
        self._folder, self._end, self._running = folder, end, running
        total, free = room_of(folder)
        self.reserve = reserve_of(total, free)
        self.most_bytes = free.bytes - self.reserve.bytes
        """Bytes that may be written, and so the most that a single file could ever be."""

    def look(self) -> None:
        """Look once, and end the sandbox where less than the reserve is left, or nobody can tell how much."""
        try:
            _total, free = room_of(self._folder)
        except StorageError as error:
            self.broken = ProgramFailed(error.what, where=error.where, why=error.why, advice=error.advice)
        else:
            if free.bytes >= self.reserve.bytes and free.files >= self.reserve.files:
                return
            self.broken = self._short(free)
        self._end()

    def _short(self, free: Room) -> ProgramFailed:
        what = message(
            "the sandbox was ended: {free} and room for {files} files were left on the disk of {folder}, and {reserve} "
            "and {reserved} files are kept for all else that writes there",
            free=bytes_text(free.bytes),
            files=free.files,
            folder=str(self._folder),
            reserve=bytes_text(self.reserve.bytes),
            reserved=self.reserve.files,
        )
        advice = message("see what fills the disk, and make room for the drill")
        return ProgramFailed(what, why="; ".join(self._running()), advice=advice)


def room_of(folder: Path) -> tuple[Room, Room]:
    """Return what the file system of a folder has in all, and what of it others than root may use.

    Files are 0 of 0 where it counts none. Raises StorageError.
    """
    try:
        told = os.statvfs(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    total = Room(bytes=told.f_blocks * told.f_frsize, files=told.f_files)
    return total, Room(bytes=told.f_bavail * told.f_frsize, files=told.f_favail)


def reserve_of(total: Room, free: Room) -> Room:
    """Return what is kept: 1 GiB, or 2 % where that is more, but at most half of what was free; of files 2 %."""
    return Room(
        bytes=min(max(_RESERVE_BYTES, total.bytes // _SHARE), free.bytes // 2),
        files=min(total.files // _SHARE, free.files // 2),
    )


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Look several times a second in a thread of its own, for as long as the context lasts."""
    over = threading.Event()

    def watch() -> None:
        while guard.broken is None and not over.wait(_LOOK_SECONDS):
            guard.look()

    thread = threading.Thread(target=watch, name="room", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
