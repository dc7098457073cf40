"""The parts of a parsed query. What each means is defined by `sec_ops.siem.query.evaluate`."""

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "ANY",
    "ONE",
    "And",
    "Bound",
    "Everything",
    "Exists",
    "Match",
    "Not",
    "Or",
    "Pattern",
    "Query",
    "Range",
    "Wildcard",
    "field_names",
]


class Wildcard(Enum):
    """What stands for characters that are not named: any number of them, or exactly one."""

    ANY = "*"
    ONE = "?"


ANY = Wildcard.ANY
ONE = Wildcard.ONE
Pattern = tuple[str | Wildcard, ...]
"""Literal text, cut at its wildcards: `("a", ANY, "b")` is `a*b`. Empty text is the empty pattern `()`."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Every event: `*`."""


@dataclass(frozen=True, slots=True)
class Match:
    """A field holds a value like the pattern: `user.name:root*`, `"union select"`.

    An empty `field` means every field that the catalogue says is text. In a list, one value is enough.
    """

    field: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of a range: its text as written (dates: as RFC 3339, UTC), and whether it belongs to the range."""

    text: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Range:
    """A field holds a value between two bounds; a missing bound is open: `http.response.status_code:[500 TO *]`."""

    field: str
    lower: Bound | None
    upper: Bound | None


@dataclass(frozen=True, slots=True)
class Exists:
    """A field has a value: `_exists_:user.name`, `user.name:*`."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The query doesn't hold; true of an event that lacks the field."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class And:
    """All of the queries hold."""

    queries: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the queries holds."""

    queries: tuple["Query", ...]


Query = Everything | Match | Range | Exists | Not | And | Or


def field_names(query: Query) -> set[str]:
    """Return the names of the fields that a query speaks of; `""` stands for the text that has no field."""
    match query:
        case Everything():
            return set()
        case Not(inner):
            return field_names(inner)
        case And(queries) | Or(queries):
            return {name for each in queries for name in field_names(each)}
        case Match(name) | Range(name) | Exists(name):
            return {name}
