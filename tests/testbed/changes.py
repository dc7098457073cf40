"""What a host has changed: its overlay's upper layer, read from outside, compared between two moments.

This is the proof that a collector changes nothing: whatever is written, removed, touched or chmodded on a host
has to appear in its upper layer. Files in /run, /dev and /proc live elsewhere and are not seen.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.testbed.host import Host

__all__ = ["Change", "Kind", "UpperChange", "UpperEntry", "upper_changes", "upper_entries"]


class Kind(StrEnum):
    """What stands at a path of an upper layer."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    REMOVED_BELOW = "whiteout"
    OTHER = "other"


class Change(StrEnum):
    """How an entry differs between two moments."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpperEntry:
    """One path of an upper layer: size in bytes, mtime in nanoseconds, SHA-256 of a file's content or a link's aim.

    A whiteout stands for something of the lower layers that the host has removed.
    """

    path: str
    kind: Kind
    mode: int
    owner: tuple[int, int]
    size: int
    mtime_ns: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpperChange:
    """One difference; ``entry`` is as it is now, or as it was when it is gone."""

    change: Change
    entry: UpperEntry


def upper_entries(host: Host) -> dict[str, UpperEntry]:
    """Everything in the host's upper layer by path from ``/``. Not for a host with a small disk of its own."""
    if host.plan.upper_bytes is not None:
        raise ValueError(f"{host.name} has its upper layer in memory, out of sight")
    found = {}
    for folder, folders, files in os.walk(host.upper):
        for name in (*folders, *files):
            path = Path(folder, name)
            entry = _entry(path, f"/{path.relative_to(host.upper)}")
            found[entry.path] = entry
    return found


def upper_changes(host: Host, since: Mapping[str, UpperEntry]) -> tuple[UpperChange, ...]:
    """What differs now from the moment ``since`` was taken with ``upper_entries``, by path."""
    now = upper_entries(host)
    changes = [UpperChange(change=Change.GONE, entry=entry) for path, entry in since.items() if path not in now]
    for path, entry in now.items():
        if path not in since:
            changes.append(UpperChange(change=Change.ADDED, entry=entry))
        elif entry != since[path]:
            changes.append(UpperChange(change=Change.CHANGED, entry=entry))
    return tuple(sorted(changes, key=lambda change: change.entry.path))


def _entry(path: Path, name: str) -> UpperEntry:
    status = path.lstat()
    kind = _kind(status)
    return UpperEntry(
        path=name,
        kind=kind,
        mode=stat.S_IMODE(status.st_mode),
        owner=(status.st_uid, status.st_gid),
        # A folder's size is the file system's business.
        size=0 if kind is Kind.DIRECTORY else status.st_size,
        mtime_ns=status.st_mtime_ns,
        digest=_digest(path, kind),
    )


def _kind(status: os.stat_result) -> Kind:
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
        return Kind.REMOVED_BELOW
    for test, kind in ((stat.S_ISREG, Kind.FILE), (stat.S_ISDIR, Kind.DIRECTORY), (stat.S_ISLNK, Kind.LINK)):
        if test(status.st_mode):
            return kind
    return Kind.OTHER


def _digest(path: Path, kind: Kind) -> str:
    if kind is Kind.FILE:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    if kind is Kind.LINK:
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    return ""
