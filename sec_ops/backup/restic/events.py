"""What restic says while it works (`--json`), as typed events; a line that is none is kept as it is."""

import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = [
    "BackupSummary",
    "Change",
    "CheckSummary",
    "DiffSummary",
    "Event",
    "ExitError",
    "Initialised",
    "ItemError",
    "Node",
    "Progress",
    "RestoreSummary",
    "Said",
    "Saved",
    "read_event",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a backup or a restore is; `percent` from 0 to 100."""

    percent: float
    files: int
    bytes: int
    total_bytes: int
    seconds_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSummary:
    """What a backup came to; sizes in bytes, times RFC 3339 as restic tells them."""

    snapshot_id: str
    files_new: int
    files_changed: int
    files_unmodified: int
    data_added: int
    data_added_packed: int
    total_files: int
    total_bytes: int
    started: str
    ended: str
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSummary:
    """What a restore came to; directories count as files."""

    total_files: int
    files_restored: int
    files_skipped: int
    files_deleted: int
    total_bytes: int
    bytes_restored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSummary:
    """What a check found."""

    errors: int
    broken_packs: tuple[str, ...]
    suggest_repair_index: bool
    suggest_prune: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialised:
    """A repository was made."""

    repository_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """One file or pack that could not be read or written."""

    item: str
    during: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitError:
    """Why restic ended."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One entry of a snapshot. `size` in bytes; `exact` is false when the name holds bytes JSON can't.

    `mode` is Go's `FileMode`. `modified` and `changed` are its mtime and ctime, RFC 3339 to the nanosecond; `user` and
    `group` are numbers.
    """

    path: str
    type: str
    size: int
    mode: int
    modified: str
    exact: bool
    changed: str = ""
    inode: int = 0
    user: int = 0
    group: int = 0

    @property
    def rights(self) -> int:
        """Return the permission bits as chmod(2) has them."""
        return self.mode & 0o777 | sum(bit for go, bit in _GO_BITS if self.mode & go)


_GO_BITS = ((1 << 23, stat.S_ISUID), (1 << 22, stat.S_ISGID), (1 << 20, stat.S_ISVTX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A file or folder that is in the snapshot now: `new`, `modified` or `unchanged`; a folder's path ends with `/`."""

    path: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference of two snapshots: `+` added, `-` removed, `M` content, `T` type, `U` metadata, `?` bit rot."""

    path: str
    modifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSummary:
    """Totals of two snapshots' differences."""

    changed_files: int
    added_files: int
    removed_files: int
    added_bytes: int
    removed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line that is no event: plain text, or a message of a newer restic."""

    text: str


Event = (
    Progress
    | BackupSummary
    | RestoreSummary
    | CheckSummary
    | DiffSummary
    | Initialised
    | ItemError
    | ExitError
    | Node
    | Saved
    | Change
    | Said
)


def read_event(line: bytes) -> Event:
    """Return the event a line of stdout or stderr holds."""
    if line.startswith(b"{"):
        # A line that is no event falls through, whatever is wrong with it.
        with suppress(ValueError, KeyError, TypeError, AttributeError, OverflowError):
            document = orjson.loads(line)
            return _READERS[_kind(document)](document)
    return Said(text=line.decode(errors="replace"))


def _kind(document: Mapping[str, Any]) -> str:
    kind = str(document["message_type"])
    if kind != "summary":
        return kind
    return next((name for name, mark in _SUMMARIES.items() if mark in document), kind)


_SUMMARIES = {"summary_backup": "data_added", "summary_check": "num_errors", "summary_restore": "bytes_restored"}


def _progress(document: Mapping[str, Any]) -> Progress:
    return Progress(
        percent=float(document.get("percent_done", 0)) * 100,
        files=int(document.get("files_done", document.get("files_restored", 0))),
        bytes=int(document.get("bytes_done", document.get("bytes_restored", 0))),
        total_bytes=int(document.get("total_bytes", 0)),
        seconds_left=int(document["seconds_remaining"]) if "seconds_remaining" in document else None,
    )


def _backup(document: Mapping[str, Any]) -> BackupSummary:
    return BackupSummary(
        snapshot_id=str(document.get("snapshot_id", "")),
        files_new=int(document["files_new"]),
        files_changed=int(document["files_changed"]),
        files_unmodified=int(document["files_unmodified"]),
        data_added=int(document["data_added"]),
        data_added_packed=int(document.get("data_added_packed", 0)),
        total_files=int(document["total_files_processed"]),
        total_bytes=int(document["total_bytes_processed"]),
        started=str(document.get("backup_start", "")),
        ended=str(document.get("backup_end", "")),
        duration_ms=round(float(document["total_duration"]) * 1000),
    )


def _restore(document: Mapping[str, Any]) -> RestoreSummary:
    return RestoreSummary(
        total_files=int(document.get("total_files", 0)),
        files_restored=int(document.get("files_restored", 0)),
        files_skipped=int(document.get("files_skipped", 0)),
        files_deleted=int(document.get("files_deleted", 0)),
        total_bytes=int(document.get("total_bytes", 0)),
        bytes_restored=int(document.get("bytes_restored", 0)),
    )


def _check(document: Mapping[str, Any]) -> CheckSummary:
    return CheckSummary(
        errors=int(document["num_errors"]),
        broken_packs=tuple(str(each) for each in document.get("broken_packs") or ()),
        suggest_repair_index=bool(document.get("suggest_repair_index")),
        suggest_prune=bool(document.get("suggest_prune")),
    )


def _difference(document: Mapping[str, Any]) -> DiffSummary:
    added, removed = document["added"], document["removed"]
    return DiffSummary(
        changed_files=int(document["changed_files"]),
        added_files=int(added["files"]),
        removed_files=int(removed["files"]),
        added_bytes=int(added["bytes"]),
        removed_bytes=int(removed["bytes"]),
    )


def _item_error(document: Mapping[str, Any]) -> ItemError:
    error = document.get("error", document)
    text = str(error.get("message", "")) if isinstance(error, Mapping) else str(error)
    return ItemError(item=str(document.get("item", "")), during=str(document.get("during", "")), text=text)


def _node(document: Mapping[str, Any]) -> Node:
    path = str(document["path"])
    return Node(
        path=path,
        type=str(document["type"]),
        size=int(document.get("size", 0)),
        mode=int(document.get("mode", 0)),
        modified=str(document.get("mtime", "")),
        exact="\N{REPLACEMENT CHARACTER}" not in path,
        changed=str(document.get("ctime", "")),
        inode=int(document.get("inode", 0)),
        user=int(document.get("uid", 0)),
        group=int(document.get("gid", 0)),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Event]] = {
    "status": _progress,
    "summary_backup": _backup,
    "summary_restore": _restore,
    "summary": _restore,  # a restore of nothing tells no numbers
    "summary_check": _check,
    "statistics": _difference,
    "change": lambda document: Change(path=str(document["path"]), modifier=str(document["modifier"])),
    "initialized": lambda document: Initialised(repository_id=str(document["id"])),
    "error": _item_error,
    "exit_error": lambda document: ExitError(code=int(document["code"]), text=str(document["message"])),
    "node": _node,
    "verbose_status": lambda document: Saved(path=str(document["item"]), action=str(document["action"])),
}
