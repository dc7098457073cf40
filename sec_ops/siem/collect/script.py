"""The script that fetches logs: the tasks of one visit put into a read-only POSIX shell script (`pull.sh`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["FILES", "HEAD_BYTES", "JournalTask", "ListTask", "TakeTask", "Task", "pull_script"]

HEAD_BYTES = 512
"""First bytes of a file by which it is known again."""
FILES = 400
"""Files looked at for one source; more are a fault that is told."""
_NONCE = re.compile(r"[0-9a-f]{1,64}")
_WILD = re.compile(r"([*?])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTask:
    """Look for files: `patterns` are paths with `*` and `?`; `unchanged` are keys of files that need no second look."""

    patterns: tuple[str, ...]
    folders: tuple[str, ...]
    unchanged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTask:
    """Read `size` bytes of a file from `start` (from 0) on, counted in what it says, decompressed."""

    path: bytes
    device: int
    inode: int
    start: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalTask:
    """Read up to `size` bytes of a journal from the entry at `cursor` on, that entry included."""

    size: int
    cursor: str = ""
    folder: str = ""
    units: tuple[str, ...] = ()


Task = ListTask | TakeTask | JournalTask


def pull_script(tasks: Sequence[Task], *, nonce: str) -> bytes:
    """Return the script that does the tasks in their order; their numbers count from 0.

    Raises ValueError for a nonce that is not hexadecimal.
    """
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a nonce is hexadecimal")
    calls = b"\n".join(b"  " + _call(number, task) for number, task in enumerate(tasks))
    body = _template().replace(b"@tasks@", calls, 1).replace(b"@count@", str(len(tasks)).encode(), 1)
    return f"#!/bin/sh\nsec_ops_nonce={nonce}\n".encode() + body


@cache
def _template() -> bytes:
    text = files(__package__).joinpath("pull.sh").read_bytes()
    return text.replace(b"@files@", str(FILES).encode()).replace(b"@head@", str(HEAD_BYTES).encode())


def _call(number: int, task: Task) -> bytes:
    match task:
        case ListTask():
            keys = _quoted(f" {' '.join(task.unchanged)} ".encode())
            patterns = b" ".join(_pattern(each) for each in task.patterns)
            looks = b"".join(b"; look %d %s" % (number, _quoted(each.encode())) for each in task.folders)
            return b"list %d %s %s%s" % (number, keys, patterns, looks)
        case TakeTask():
            where = (number, task.device, task.inode, task.start + 1, task.size, _quoted(task.path))
            return b"take %d %d %d %d %d %s" % where
        case JournalTask():
            words = [task.folder, task.cursor, *(f"--unit={unit}" for unit in task.units)]
            return b"journal %d %d %s" % (number, task.size, b" ".join(_quoted(word.encode()) for word in words))


def _pattern(pattern: str) -> bytes:
    """Return a path as a word of the shell in which `*` and `?` alone are wild."""
    parts = [part for part in _WILD.split(pattern) if part]
    return b"".join(part.encode() if part in "*?" else _quoted(part.encode()) for part in parts)


def _quoted(text: bytes) -> bytes:
    return b"'" + text.replace(b"'", b"'\\''") + b"'"
