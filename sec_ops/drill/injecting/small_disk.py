"""A disk that is nearly full: a small file system in memory, mounted over a folder of the drill's own."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder

__all__ = ["small_disk", "unmount_all"]

_NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 2, 4, 8
_DETACH = 2


@contextmanager
def small_disk(folder: Path, *, size_bytes: int) -> Iterator[None]:
    """Make `folder` a disk with so little room, for as long as the context lasts; raises EngineError without root."""
    make_folder(folder)
    options = f"size={size_bytes},mode=0700".encode()
    flags = _NO_SUID | _NO_DEVICES | _NO_PROGRAMS
    if _library().mount(b"tmpfs", os.fsencode(folder), b"tmpfs", flags, options):
        why = os.strerror(ctypes.get_errno())
        advice = message("run the drill as root, or without disk_nearly_full")
        raise EngineError(message("no small disk could be made for the drill"), why=why, advice=advice)
    try:
        yield
    finally:
        _unmount(folder)


def unmount_all(folder: Path) -> None:
    """Take away small disks that a drill which was killed left below `folder`."""
    below = folder.resolve()
    for place in reversed(_mounted()):
        if place.is_relative_to(below):
            _unmount(place)


def _mounted() -> list[Path]:
    lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    return [Path(os.fsdecode(line.split()[4].decode("unicode_escape").encode("latin-1"))) for line in lines]


def _unmount(place: Path) -> None:
    _library().umount2(os.fsencode(place), _DETACH)


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
