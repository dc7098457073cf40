"""What a source 备份源 is: how a kind of data is read whole, and how it comes back.

A kind is one module of `sec_ops/backup/sources/`, called like the kind, whose `SOURCE` fulfils `Source`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any, Protocol, runtime_checkable

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import EngineError
from sec_ops.model.protocols import Clock, Completed
from sec_ops.model.values import Value
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.dialogue import Dialogue
from sec_ops.transport.streaming import Handed

__all__ = [
    "Arguments",
    "Beat",
    "Beating",
    "Capture",
    "Continuous",
    "Doors",
    "Dumped",
    "Facts",
    "LastGood",
    "Loading",
    "Logged",
    "Order",
    "Part",
    "Receiving",
    "Report",
    "Serving",
    "Source",
    "Table",
    "Verifying",
]

Arguments = Sequence[str | Handed]
"""Program and arguments; a secret is handed over by an inherited pipe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What becomes one snapshot: files at `paths`, or the output of `command` as the file `filename`.

    `options` are restic's own, such as `--one-file-system`. The name is distinct within the source. With a `launcher`,
    words a program is started by, the files stand still for who reads them in it.
    """

    name: str
    paths: Sequence[PurePath] = ()
    excludes: Sequence[str] = ()
    options: Sequence[str] = ()
    command: Arguments = ()
    filename: str = ""
    launcher: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it stands in the backup: its rows, and a checksum that doesn't depend on their order, where known."""

    name: str
    rows: int
    checksum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """A stream as it went into the snapshot: length in bytes and SHA-256 in hex."""

    filename: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was captured, told by the data itself or counted on the way.

    `taken_at` (UTC) is the moment the data stands for, by the clock of where it lies; `heartbeat` (UTC) the last row
    written before it. `disturbed` are paths that changed while a consistent set was read: then it is none.
    """

    taken_at: datetime | None = None
    heartbeat: datetime | None = None
    tables: Sequence[Table] = ()
    dumped: Sequence[Dumped] = ()
    disturbed: Sequence[str] = ()
    details: Mapping[str, str] = field(default_factory=dict)


class Report(Protocol):
    """A place that a program reports to: a path for its arguments, and what was written there."""

    @property
    def path(self) -> str:
        """Return the path, good for as long as the context lasts."""
        ...

    def read(self) -> bytes:
        """Return what was written so far."""
        ...


class Doors(Protocol):
    """Programs where the data lies: this machine, or a host of the inventory."""

    @property
    def clock(self) -> Clock:
        """Return the controller's clock."""
        ...

    @property
    def python(self) -> str:
        """Return the Python there, 3.8 or newer."""
        ...

    def run(self, arguments: Arguments, *, stdin: bytes = b"", deadline_seconds: float) -> Completed:
        """Run a program to its end; raises ProgramMissing and ProgramFailed."""
        ...

    def talk(self, arguments: Arguments, *, deadline_seconds: float) -> AbstractContextManager[Dialogue]:
        """Start a program that is spoken with; it ends with the context."""
        ...

    def report(self) -> AbstractContextManager[Report]:
        """Give a place to report to, gone after the context."""
        ...


class LastGood(Protocol):
    """When a part of the source last became a snapshot that counts."""

    def __call__(self, part: str) -> datetime | None:
        """Return the moment (UTC), or None when it never did."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be captured: the plan's entry, its secret, and the doors to where the data lies.

    `system` is whose run it is, empty when it is none's.
    """

    source: SourceSettings
    doors: Doors
    last_good: LastGood
    secret: Secret | None = None
    deadline_seconds: float = 3600
    system: str = ""


class Capture(Protocol):
    """Data held still. The parts are saved in their order, then the facts are asked for, then the context ends."""

    @property
    def parts(self) -> Sequence[Part]:
        """Return what is to be saved, in this order."""
        ...

    def facts(self) -> Facts:
        """Return what the saved parts hold; raises EngineError when the data or a program says they don't count."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """A command of a restore; with `reads` it takes that file of the snapshot at its stdin."""

    arguments: Arguments
    reads: str = ""


class Source(Protocol):
    """A kind of source, named by its module."""

    @property
    def verified(self) -> bool:
        """Return whether it was tested against the real system."""
        ...

    @property
    def settings(self) -> type[Value]:
        """Return the model of its settings in a plan."""
        ...

    def open(self, order: Order) -> AbstractContextManager[Capture]:
        """Hold the data still for a backup; raises EngineError, and ContentInvalid for settings that don't fit."""
        ...

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Return what brings a saved stream back into a new database (or folder) `into`; nothing for plain files."""
        ...

    def recount(self, order: Order, into: str) -> Facts:
        """Count a restored database as `Capture.facts` counted the original."""
        ...

    def by_hand(self, settings: Any, hand: Hand) -> Sequence[Step]:  # noqa: ANN401 - the kind's own settings
        """Return how a person brings it back without this program, by restic and the data's own clients."""
        ...


@runtime_checkable
class Continuous(Protocol):
    """A source whose data is saved between runs of the plan too; of any other a loss costs a whole cycle at worst."""

    def exposure_seconds(self, settings: Any, cycle_seconds: int) -> int:  # noqa: ANN401 - the kind's own settings
        """Return how many seconds of data a loss costs at worst, when the plan runs each `cycle_seconds`."""
        ...


Beat = Callable[[], None]
"""Write the heartbeat and commit it; raises EngineError."""


@runtime_checkable
class Beating(Protocol):
    """A source that can write a heartbeat: one row with the time, so that a loss is measured in restored data."""

    def beating(self, order: Order) -> AbstractContextManager[Beat]:
        """Connect for beats; raises EngineError."""
        ...


@runtime_checkable
class Verifying(Protocol):
    """A source whose system can prove a loaded copy by itself."""

    def verifying(self, order: Order, into: str) -> Arguments:
        """Return the command that ends with 0 when what was loaded into `into` is whole."""
        ...


@runtime_checkable
class Logged(Protocol):
    """A source among whose files lies a database's write-ahead log, which a base backup is recovered with."""

    def log_folder(self, settings: Any) -> PurePath:  # noqa: ANN401 - the kind's own settings
        """Return the folder of the log as it was where it was saved."""
        ...


@runtime_checkable
class Receiving(Logged, Protocol):
    """A log that is received while it is written: its folder holds more than what was last saved of it."""

    def receive(self, order: Order, ended: Callable[[EngineError], bool]) -> None:
        """Receive for good; whenever the receiver ends, ask `ended` whether to start it again."""
        ...


@runtime_checkable
class Serving(Protocol):
    """A source that a whole server comes back from, which is asked for its data once it runs."""

    def asked(self, order: Order) -> Facts:
        """Return what the server tells of its data, such as the last heartbeat; raises EngineError."""
        ...


@runtime_checkable
class Replacing(Protocol):
    """A source whose copy can take the place of a database that is there. Every method raises EngineError."""

    @property
    def keeps(self) -> bool:
        """Return whether what is replaced is kept under another name."""
        ...

    def tables_in(self, order: Order, into: str) -> int | None:
        """Return how many tables a database has, None when there is none of the name."""
        ...

    def beside(self, order: Order, into: str, fresh: str) -> Sequence[Loading]:
        """Return what loads a saved stream into the new database `fresh`, made as the one that is there."""
        ...

    def replacing(self, order: Order, into: str, fresh: str, aside: str) -> Sequence[Loading]:
        """Return what puts `fresh` in the place of `into`, which is kept as `aside` where that can be."""
        ...
