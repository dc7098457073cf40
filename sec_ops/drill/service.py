"""What a service 服务 of a drill is: how restored data comes to run again, isolated.

A kind is one module of `sec_ops/drill/services/`, called like the kind, whose `SERVICE` fulfils `Service`. Its
configuration is made here: what was restored of it is evidence only and is never read.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.model.values import Value

__all__ = ["Lacking", "Place", "Service", "Standing", "found", "make", "wait_until"]

_PAUSE_SECONDS = 0.05
_SHOWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A program that isn't here, and the package of Debian that has it."""

    program: str
    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a service is to stand: a folder of its own below the sandbox's work folder, a free port of its loopback.

    `restored` are paths of restored data by the id of the source, `logs` folders of write-ahead log by it; `seconds`
    bound each step.
    """

    name: str
    sandbox: Sandbox
    folder: Path
    port: int
    settings: Value
    clock: Clock
    sleep: Callable[[float], None]
    restored: Mapping[str, Path] = field(default_factory=dict)
    logs: Mapping[str, Path] = field(default_factory=dict)
    seconds: float = 120.0

    def inside(self, *names: str) -> str:
        """Return a path below the folder as it is called inside."""
        return self.sandbox.seen(self.folder.joinpath(*names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a service is reached: what a source's settings become, and what dumps are loaded into, where not by name."""

    client: Mapping[str, object] = field(default_factory=dict)
    into: str = ""


class Service(Protocol):
    """A kind of service, named by its module."""

    @property
    def settings(self) -> type[Value]:
        """Return the model of its settings in a scenario."""
        ...

    def lacking(self) -> Sequence[Lacking]:
        """Return the programs that are missing on this machine."""
        ...

    def readable(self) -> Sequence[Path]:
        """Return further paths of this machine that its programs need to read."""
        ...

    @property
    def loads(self) -> Literal["running", "stopped"]:
        """Return whether dumps are loaded while it runs, or before it is started."""
        ...

    def provision(self, place: Place) -> Standing:
        """Make its configuration, and an empty instance where data is loaded later; raises ProgramFailed."""
        ...

    def start(self, place: Place) -> None:
        """Start it and return once it answers; raises ProgramFailed with the end of what it said."""
        ...


def found(program: str, package: str, *folders: str) -> tuple[str, Sequence[Lacking]]:
    """Return a program's path and nothing, or its name and what is lacking."""
    path = shutil.which(program, path=":".join((*folders, "/usr/sbin", "/usr/bin", "/sbin", "/bin")))
    return (path, ()) if path else (program, (Lacking(program=program, package=package),))


def filled(text: str, places: Mapping[str, str]) -> str:
    """Put places in for their names in braces; what is no name of a place stays as it is."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def make(place: Place, arguments: Sequence[str]) -> None:
    """Run what makes an instance of the service; raises ProgramFailed with the end of what it said."""
    ended = place.sandbox.run(arguments, seconds=place.seconds)
    if ended.exit_code != 0:
        raise ProgramFailed(message("{service} could not be made", service=place.name), why=ended.stderr[-_SHOWN:])


def wait_until(place: Place, answers: Callable[[], bool]) -> None:
    """Return once the service answers; raises ProgramFailed when it ends before, or the time is over."""
    end = place.clock.monotonic_ms() + round(place.seconds * 1000)
    while not answers():
        alive, said = place.sandbox.said(place.name)
        if not alive:
            raise ProgramFailed(message("{service} did not start", service=place.name), why=said[-_SHOWN:])
        if place.clock.monotonic_ms() > end:
            raise ProgramFailed(message("{service} did not answer in time", service=place.name), why=said[-_SHOWN:])
        place.sleep(_PAUSE_SECONDS)
