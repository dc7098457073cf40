"""What an application check 应用核查 of a drill is: what shows that a restored system works and not only runs.

A kind is one module of `sec_ops/drill/checks/`, called like the kind, whose `CHECK` fulfils `Check`. What restored
systems say is hostile: it is read to a bound, within a deadline, and made printable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import Field

from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.drill.service import Lacking, Standing
from sec_ops.model.drill_record import Problem
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Clock, SecretReader
from sec_ops.model.text import printable
from sec_ops.model.values import NonEmpty, Value

__all__ = ["Answering", "Check", "CheckPlace", "Checked", "SandboxSecret", "cut", "failed", "late", "passed"]

_SHOWN = 300

SandboxSecret = Annotated[
    dict[Literal["file", "env", "systemd_credential"], NonEmpty], Field(min_length=1, max_length=1)
]
"""Where the password of an account for drills is read from: it goes into the sandbox, to restored applications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """A service as a check reaches it: its kind, its port on the sandbox's loopback, and how it stands."""

    kind: str
    port: int
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPlace:
    """Where a check stands. `service` is the one it asks, `services` all of its system by their ids.

    `restored` are paths below the sandbox's work folder by the id of the source. `settings` are of the kind's own model
    and `seconds` bound the whole check: `checked` fills both in from the content.
    """

    sandbox: Sandbox
    clock: Clock
    read_secret: SecretReader
    settings: Value = field(default_factory=Value)
    service: Answering | None = None
    services: Mapping[str, Answering] = field(default_factory=dict)
    restored: Mapping[str, Path] = field(default_factory=dict)
    seconds: float = 30.0

    def asked(self) -> Answering:
        """Return the service it asks; raises ProgramFailed when it was given none."""
        if self.service is None:
            raise ProgramFailed(message("the check says no service that it asks"))
        return self.service

    def secret(self, reference: SandboxSecret) -> str:
        """Return the password that a reference names; raises ContentInvalid."""
        return self.read_secret({str(kind): name for kind, name in reference.items()}).get_secret_value()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came of it: `expected` and `found` are texts of no language, printable and short."""

    holds: bool
    expected: str
    found: str
    problem: Problem | None = None


class Check(Protocol):
    """A kind of check, named by its module."""

    @property
    def settings(self) -> type[Value]:
        """Return the model of its settings in a recovery."""
        ...

    @property
    def asks(self) -> Sequence[str]:
        """Return the kinds of services it can ask; none: it asks no service."""
        ...

    def lacking(self) -> Sequence[Lacking]:
        """Return the programs that are missing on this machine."""
        ...

    def run(self, place: CheckPlace) -> Checked:
        """Look; raises ProgramFailed when the sandbox failed, ContentInvalid when a secret can't be read."""
        ...


def cut(text: str) -> str:
    """Return what was said as one printable line of at most 300 characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= _SHOWN else line[:_SHOWN] + "…"


def passed(expected: str, found: str) -> Checked:
    """Return that what was expected was found."""
    return Checked(holds=True, expected=cut(expected), found=cut(found))


def failed(expected: str, found: str, what: Message, *, why: str = "", advice: Message | None = None) -> Checked:
    """Return that it was not, and why."""
    problem = Problem(what=what, why=cut(why), advice=advice)
    return Checked(holds=False, expected=cut(expected), found=cut(found), problem=problem)


def late(expected: str, seconds: float) -> Checked:
    """Return that no answer came in time."""
    return failed(expected, "", message("no answer within {seconds} s", seconds=f"{seconds:g}"))
