"""What status says of a system. Moments are milliseconds since 1970 (UTC), ages and durations milliseconds."""

from dataclasses import dataclass

from sec_ops.backup.copying.digits import Digit
from sec_ops.backup.record.values import Attempt
from sec_ops.model.messages import Message
from sec_ops.model.outcome import Outcome

__all__ = ["CopyStatus", "LastGood", "Problem", "Space", "SystemStatus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not good, with the next command; `kind` is its name in JSON, `outcome` its exit code."""

    kind: str
    what: Message
    outcome: Outcome
    why: str = ""
    advice: Message | None = None
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastGood:
    """The newest restore point that counts: its run, when it came, and the moment its oldest data stands for."""

    run: str
    arrived_ms: int
    data_ms: int
    partial: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """How full a repository's disk gets; None where nobody can say. `days` until it is full at this pace."""

    free_bytes: int | None
    bytes_per_day: int | None
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyStatus:
    """A system in one repository, the plan's first or a copy; `seen` is whether this controller looks after it."""

    repository: str
    place: str
    km: float
    seen: bool
    good: LastGood | None
    age_ms: int | None
    space: Space
    copied: Attempt | None = None
    verified: Attempt | None = None
    future_dated: int = 0
    holds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStatus:
    """A key system: its plan's last run here, its copies, and whatever is not good.

    `state` is the word for it: a verdict, or `running`, `never`, `stale`, `held`, `no_plan`, `off`, `elsewhere`.
    """

    system: str
    state: str
    problems: tuple[Problem, ...] = ()
    rpo_ms: int | None = None
    age_ms: int | None = None
    last_run: Attempt | None = None
    last_good: LastGood | None = None
    copies: tuple[CopyStatus, ...] = ()
    next_due_ms: int | None = None
    digits: tuple[Digit, ...] = ()
