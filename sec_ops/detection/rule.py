"""Rules as this project understands them: what pySigma read, as values that every engine judges alike.

A rule's condition is an expression over tests. A test asks one thing of one field's value; a field that holds a list
passes when one of its values does. `field` is a Sigma field name until a pipeline has mapped it (`detection.mapping`),
then the name in the event; `KEYWORD` stands for any value of the event. The meaning of every operand is stated by the
reference evaluator (`detection.naive`) and its conformance cases; engines agree with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import ClassVar, Final

__all__ = [
    "ANY_MANY",
    "ANY_ONE",
    "KEYWORD",
    "RANKS",
    "Aggregate",
    "All",
    "AnyOf",
    "Compare",
    "Correlation",
    "Exists",
    "Expression",
    "Glob",
    "Header",
    "Level",
    "LogSource",
    "Network",
    "Not",
    "Null",
    "Number",
    "Operand",
    "Order",
    "Reference",
    "Regex",
    "Rule",
    "Selection",
    "Test",
    "TimePart",
    "Together",
    "Truth",
    "Wildcard",
]


class Wildcard(Enum):
    """What stands between the literal pieces of a text; no `str`, so that a literal `*` is never taken for it."""

    MANY = "*"
    ONE = "?"


ANY_MANY: Final = Wildcard.MANY
ANY_ONE: Final = Wildcard.ONE
KEYWORD: Final = ""
"""The field of a test that any value of the event may pass."""


@dataclass(frozen=True, slots=True)
class Glob:
    """A text of literal pieces and wildcards that the whole value is like; without regard to case unless `cased`.

    Neighbouring literals are joined, so `(ANY_MANY, "x", ANY_MANY)` is "contains x" and `("x",)` "equals x".
    """

    parts: tuple[str | Wildcard, ...]
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression found anywhere in the value; `flags` are some of `i`, `m`, `s`."""

    source: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A network in CIDR form that the address lies in."""

    cidr: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number that the value equals, as a number or as its text."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false, as a boolean or as its text in any case."""

    value: bool


class Order(StrEnum):
    """How a number compares."""

    LESS = "lt"
    AT_MOST = "lte"
    GREATER = "gt"
    AT_LEAST = "gte"
    EQUAL = "eq"
    OTHER = "neq"


@dataclass(frozen=True, slots=True)
class Compare:
    """A number that the value is ordered against; what is no number never passes."""

    order: Order
    value: int | float


@dataclass(frozen=True, slots=True)
class Null:
    """The field is missing, null or an empty list."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there, or is not, whatever it holds."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """The value equals, or holds at a place (`startswith`, `endswith`, `contains`), that of another field."""

    other: str
    place: str = "equals"


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part (`minute`, `hour`, `day`, `week`, `month`, `year`) of the time in the value, in the site's zone."""

    part: str
    value: int
    order: Order = Order.EQUAL


Operand = Glob | Regex | Network | Number | Truth | Compare | Null | Exists | Reference | TimePart


@dataclass(frozen=True, slots=True)
class Test:
    """One thing asked of one field."""

    __test__: ClassVar[bool] = False  # pytest takes the name for a class of tests
    field: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; with no parts, it holds."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; with no parts, none does."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part doesn't hold."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class Selection:
    """A part that the rule names, so that an explanation can name it too."""

    name: str
    part: "Expression"


Expression = Test | All | AnyOf | Not | Selection


class Level(StrEnum):
    """How bad it would be, in Sigma's words."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


RANKS: Final[Mapping[Level, int]] = {level: rank for rank, level in enumerate(Level)}
"""Levels by how bad they are, from 0; alerts are kept with them."""


@dataclass(frozen=True, slots=True)
class LogSource:
    """What a rule reads, in Sigma's words; empty: any."""

    category: str = ""
    product: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a rule says of itself.

    `title`, `description` and `false_positives` are by language (`en` always, `zh` where the rule gives it); `digest`
    is the SHA-256 of the rule as it was written; `path` says where it lies, for people. `runbook` is the incident
    runbook that answers it; `alert_by` are the fields (as the rule names them) whose values tell one alert from
    another, and `alert_span_s` the seconds within which further events join an alert.
    """

    id: str
    name: str
    title: Mapping[str, str]
    level: Level
    status: str = ""
    description: Mapping[str, str] = field(default_factory=dict)
    false_positives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    author: str = ""
    runbook: str = ""
    alert_by: tuple[str, ...] = ()
    alert_span_s: int = 3600
    digest: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule over single events."""

    header: Header
    source: LogSource
    condition: Expression
    listed_fields: tuple[str, ...] = ()


class Aggregate(StrEnum):
    """What a correlation counts."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVERAGE = "value_avg"
    VALUE_PERCENTILE = "value_percentile"
    VALUE_MEDIAN = "value_median"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Rules that all find something in a window in which the others, of `without`, find nothing."""

    rules: tuple[str, ...]
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A rule over what other rules found, within a span of time, by group.

    `rules` are ids of rules or correlations; `group_by` are field names or aliases; `aliases[alias][rule id]` is the
    field that the alias stands for in that rule. `fields` are counted, summed or averaged (none for plain counts and
    temporal kinds). Of temporal kinds with a condition in words, one of the `alternatives` has to hold, in place of the
    threshold. `generate` says whether the rules it looks at also alert by themselves.
    """

    header: Header
    aggregate: Aggregate
    rules: tuple[str, ...]
    span_s: int
    group_by: tuple[str, ...] = ()
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    order: Order = Order.AT_LEAST
    threshold: int | float = 1
    fields: tuple[str, ...] = ()
    percentile: int | None = None
    alternatives: tuple[Together, ...] = ()
    generate: bool = False
