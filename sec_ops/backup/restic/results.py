"""What calls of restic come to: each result carries its verdict, and what restic told when it told something."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sec_ops.backup.restic.events import BackupSummary, Change, CheckSummary, DiffSummary, RestoreSummary
from sec_ops.backup.verdict import Judged

__all__ = [
    "BackupResult",
    "CheckResult",
    "Configuration",
    "CopyResult",
    "DiffResult",
    "Key",
    "KeyAdded",
    "KeyList",
    "LockList",
    "LockSeen",
    "RestoreResult",
    "Result",
    "SizeResult",
    "Snapshot",
    "SnapshotList",
    "parsed_time",
    "read_key",
    "read_lock",
    "read_snapshot",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A call's verdict and how long it took; `said` are the plain lines of its stderr, at most 200.

    `exit_code` is restic's own, where it matters that it says something else than the verdict.
    """

    judged: Judged
    exit_code: int | None = None
    elapsed_ms: int = 0
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupResult(Result):
    """A backup. A snapshot counts only with verdict `ok` or `partial`, whatever `summary` names."""

    summary: BackupSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult(Result):
    """A restore."""

    summary: RestoreSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult(Result):
    """A check."""

    summary: CheckSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot as the repository tells it. `time` is the client's word (aware UTC), never a proof of age."""

    id: str
    time: datetime
    host: str
    tags: tuple[str, ...]
    paths: tuple[str, ...]
    user: str = ""
    tree: str = ""
    parent: str = ""
    original: str = ""
    program: str = ""
    summary: BackupSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotList(Result):
    """Snapshots in the order restic lists them: by the time they claim."""

    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult(Result):
    """A copy: pairs of the source's snapshot and the new one as restic told them, and those it already had."""

    copied: tuple[tuple[str, str], ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffResult(Result):
    """Two snapshots compared."""

    changes: tuple[Change, ...] = ()
    summary: DiffSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that opens the repository; `created` is local time as restic tells it."""

    id: str
    user: str
    host: str
    created: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyList(Result):
    """The repository's keys."""

    keys: tuple[Key, ...] = ()

    @property
    def current(self) -> str:
        """Return the id of the key it was opened with, empty when none was told."""
        return next((key.id for key in self.keys if key.current), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAdded(Result):
    """A new key; `id` as far as restic told it."""

    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSeen:
    """A lock: who holds it since when; `exclusive` locks keep even backups out."""

    id: str
    host: str
    user: str
    pid: int
    created: datetime
    exclusive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockList(Result):
    """The repository's locks."""

    locks: tuple[LockSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(Result):
    """The repository's identity: what makes it the one that was initialised."""

    repository_id: str = ""
    version: int = 0
    chunker_polynomial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeResult(Result):
    """Bytes and files, in the mode that was asked for."""

    bytes: int = 0
    files: int = 0
    snapshots: int = 0


def parsed_time(text: str) -> datetime:
    """Return the aware time of restic's RFC 3339 text, which may have nanoseconds."""
    head, point, rest = text.partition(".")
    if not point:
        return datetime.fromisoformat(text)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return datetime.fromisoformat(f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}")


def read_snapshot(document: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot of one element of `restic snapshots --json`."""
    return Snapshot(
        id=str(document["id"]),
        time=parsed_time(str(document["time"])),
        host=str(document.get("hostname", "")),
        tags=tuple(document.get("tags") or ()),
        paths=tuple(document.get("paths") or ()),
        user=str(document.get("username", "")),
        tree=str(document.get("tree", "")),
        parent=str(document.get("parent", "")),
        original=str(document.get("original", "")),
        program=str(document.get("program_version", "")),
        summary=_summary(document),
    )


def read_key(document: Mapping[str, Any]) -> Key:
    """Return the key of one element of `restic key list --json`."""
    return Key(
        id=str(document["id"]),
        user=str(document.get("userName", "")),
        host=str(document.get("hostName", "")),
        created=str(document.get("created", "")),
        current=bool(document.get("current")),
    )


def read_lock(identifier: str, data: bytes) -> LockSeen:
    """Return the lock that `restic cat lock ID` tells."""
    document = json.loads(data)
    return LockSeen(
        id=identifier,
        host=str(document.get("hostname", "")),
        user=str(document.get("username", "")),
        pid=int(document.get("pid", 0)),
        created=parsed_time(str(document["time"])),
        exclusive=bool(document.get("exclusive")),
    )


def _summary(document: Mapping[str, Any]) -> BackupSummary | None:
    told = document.get("summary")
    if not isinstance(told, Mapping):
        return None
    numbers: Sequence[str] = ("files_new", "files_changed", "files_unmodified", "data_added", "data_added_packed")
    return BackupSummary(
        snapshot_id=str(document["id"]),
        **{name: int(told.get(name, 0)) for name in numbers},
        total_files=int(told.get("total_files_processed", 0)),
        total_bytes=int(told.get("total_bytes_processed", 0)),
        started=str(told.get("backup_start", "")),
        ended=str(told.get("backup_end", "")),
        duration_ms=_duration_ms(told),
    )


def _duration_ms(told: Mapping[str, Any]) -> int:
    if not told.get("backup_start") or not told.get("backup_end"):
        return 0
    elapsed = parsed_time(str(told["backup_end"])) - parsed_time(str(told["backup_start"]))
    return round(elapsed.total_seconds() * 1000)
