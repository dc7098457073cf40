"""What a drill is handed by the room that knows backups: how a system's data is chosen, fetched, loaded and counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sec_ops.drill.sandbox.doors import SandboxDoors
from sec_ops.drill.service import Standing
from sec_ops.model.drill_record import FetchRecord, Problem, SourceRecord

__all__ = ["Chosen", "Counted", "Fetched", "Restoring", "Unpacked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A restore point: the run that made it, the repository it is in, and that repository's place."""

    run: str
    repository: str
    place: str
    far: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of fetching. `chosen` is None when no repository gave anything.

    `proved` says that all of it is what a trusted manifest says. `roots` are folders by source, below the one that was
    named, whose content stands for `/` of that source.
    """

    proved: bool
    chosen: Chosen | None = None
    trusted: Sequence[str] = ()
    attempts: Sequence[FetchRecord] = ()
    sources: Sequence[SourceRecord] = ()
    roots: Mapping[str, Path] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """Restored data as services take it: by source, and folders of write-ahead log by source.

    `failed` are problems by source.
    """

    restored: Mapping[str, Path]
    logs: Mapping[str, Path] = field(default_factory=dict)
    failed: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A source counted in a running service, beside its manifest: tables that are as they were saved, what is not.

    `heartbeat` is the last row (UTC) that came back, where there is one.
    """

    tables: int = 0
    proved: int = 0
    heartbeat: datetime | None = None
    problems: Sequence[Problem] = ()


class Restoring(Protocol):
    """One system's way from its repositories into services. Nothing here starts what was restored.

    All but `select` and `fetch` work inside the sandbox, through its doors; each raises SecOpsError for what no later
    step mends, and Halted.
    """

    def select(self) -> None:
        """Choose a restore point in the first repository that has one."""
        ...

    def fetch(self, folder: Path) -> Fetched:
        """Fetch it into a folder outside of the sandbox, and prove it there; where that fails, from the next."""
        ...

    def unpack(self, roots: Mapping[str, Path], folder: Path, doors: SandboxDoors) -> Unpacked:
        """Make base backups into data folders below `folder`, which is not there yet; all else stays as it is."""
        ...

    def load(self, source: str, root: Path, standing: Standing, into: str, doors: SandboxDoors) -> Problem | None:
        """Load a dump below `root` into the new database (or folder) `into`."""
        ...

    def count(self, source: str, standing: Standing, into: str, doors: SandboxDoors) -> Counted:
        """Count a loaded source and compare it with its manifest."""
        ...

    def last_heartbeat(self, source: str, standing: Standing, doors: SandboxDoors) -> Counted:
        """Ask a server that a base backup became for its last heartbeat."""
        ...
