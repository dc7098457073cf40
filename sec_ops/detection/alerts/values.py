"""What an alert is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sec_ops.detection.events import FlatEvent
from sec_ops.detection.rule import Level

__all__ = ["Alert", "Closing", "Related", "State", "Verdict"]


class State(StrEnum):
    """Where an alert stands. Suppressed ones are kept like others, and nobody is told of them."""

    OPEN = "open"
    CLOSED = "closed"
    SUPPRESSED = "suppressed"


class Verdict(StrEnum):
    """What a person found an alert to be: an attack, a mistake of the rule, or true but harmless."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    BENIGN = "benign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Who closed an alert, when (RFC 3339, UTC), with which verdict and why, and how many events it had then."""

    person: str
    at: str
    verdict: Verdict
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """One event of an alert, as far as it is kept: `cut` says that values or fields were left out.

    `record` names the raw record, as in `Occurrence`; `time_us` are microseconds since 1970 (UTC), None when unknown.
    """

    record: str
    time_us: int | None
    shape: str
    event: FlatEvent
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What one rule found about one group within one span of time.

    `key` are the names and values that tell it from others of its rule; `begin_us` is when its span begins
    (microseconds since 1970, UTC; None for events without a time), `span_s` how long it is. `rest` marks the one alert
    that stands for all groups of a rule beyond its limit. `count` is how many different events it stands for, `related`
    the first and the last of them. Hosts, users and addresses are the first few seen. `digest` is that of the rule as
    it last found something. `closings` are all there were; the last one holds while `state` is closed.
    """

    id: str
    rule: str
    digest: str
    title: Mapping[str, str]
    level: Level
    runbook: str
    key: tuple[tuple[str, str], ...]
    begin_us: int | None
    span_s: int
    rest: bool
    suppression: str
    state: State
    count: int
    first_us: int | None
    last_us: int | None
    opened_ms: int
    changed_ms: int
    reopened: int = 0
    closings: tuple[Closing, ...] = ()
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    related: tuple[Related, ...] = field(default=(), repr=False)
