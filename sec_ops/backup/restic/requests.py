"""What is asked of restic, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePath

from sec_ops.runtime.secrets import Secret
from sec_ops.transport.streaming import Handed

__all__ = ["BackupRequest", "CopyRequest", "ForgetRequest", "Mode", "NewKey", "ReadData", "RestoreRequest", "Stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A command whose output becomes one file of the snapshot; a command that fails leaves no snapshot."""

    command: Sequence[str | Handed]
    filename: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRequest:
    """What is saved: `paths`, or what a `stream` says.

    `host` and `tags` are what restore points are chosen by; `time` is only for probes: ordinary backups have none.
    Without `parent`, the whole id of the snapshot to compare files with, every file is read: restic's own choice would
    believe claimed times. With `tell_files` each file is told by `Saved` once it is in. Words of a `launcher` start
    restic.
    """

    host: str
    tags: Sequence[str]
    paths: Sequence[PurePath] = ()
    stream: Stream | None = None
    excludes: Sequence[str] = ()
    options: Sequence[str] = ()
    time: datetime | None = None
    parent: str = ""
    tell_files: bool = False
    launcher: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    """One snapshot (a whole id, never `latest`), or a folder of it, into `target`; no `includes` means all.

    With `tell_files` each file is told by `Saved` once it is written.
    """

    snapshot: str
    target: Path
    folder: str = ""
    includes: Sequence[str] = ()
    options: Sequence[str] = ()
    tell_files: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """Snapshots of the other repository, by whole ids; limits in KiB per second."""

    snapshots: Sequence[str]
    limit_upload: int | None = None
    limit_download: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRequest:
    """Snapshots to drop, by whole ids chosen by us: restic's own policy believes the client's clock."""

    snapshots: Sequence[str]


class Mode(StrEnum):
    """How sizes are counted: what a restore would write, or what the repository stores."""

    RESTORE_SIZE = "restore-size"
    RAW_DATA = "raw-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadData:
    """What a check reads beyond structure: nothing, all (`all`), or a subset such as `1/12`, `10%` or `500M`."""

    subset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to add; user and host say whose it is."""

    password: Secret
    user: str
    host: str
