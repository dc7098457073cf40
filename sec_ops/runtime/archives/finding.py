"""The files that paths name: folders all the way down in a fixed order; a link never leads out of its folder."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message

__all__ = ["Found", "NotTaken", "find"]


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file to read; its path as it is shown."""

    path: Path


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A name that is no file to read, why, and whether what was looked for may be lost by that."""

    path: Path
    reason: Message
    lost: bool = True


def find(paths: Sequence[Path]) -> Iterator[Found | NotTaken]:
    """Yield the files of the paths; raises UsageError, before the first one, for a path that isn't there."""
    missing = [path for path in paths if not path.exists()]
    if missing:
        names = ", ".join(str(path) for path in missing)
        raise UsageError(message("there is no such file or folder: {paths}", paths=names), where=names)
    for path in paths:
        if path.is_dir():
            yield from _folder(path)
        else:
            yield _file(path)


def _folder(folder: Path) -> Iterator[Found | NotTaken]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield NotTaken(folder, message("could not be read: {reason}", reason=error.strerror or str(error)))
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_symlink():
            yield NotTaken(path, message("a symbolic link: name the file itself"), lost=False)
        elif entry.is_dir(follow_symlinks=False):
            yield from _folder(path)
        else:
            yield _file(path)


def _file(path: Path) -> Found | NotTaken:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return NotTaken(path, message("could not be read: {reason}", reason=error.strerror or str(error)))
    if not stat.S_ISREG(mode):
        return NotTaken(path, message("no regular file"), lost=False)
    return Found(path)
