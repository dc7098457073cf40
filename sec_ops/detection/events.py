"""Events as detection sees them: a flat map of names to values, of whatever shape they came in.

The shapes that are known, and how Sigma's names are found in each, are content (`rules/shapes/`): the flat
and nested JSON of recorded Windows events, and ECS as our own parsers write it, which the event store keeps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Entity", "FlatEvent", "Occurrence", "Value"]

Value = str | int | float | bool | None | Sequence["Value"]
FlatEvent = Mapping[str, Value]
"""Dotted names to a value or a list of values; null, missing and the empty list mean the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Whom an event is about, as far as it says: each empty when it doesn't."""

    host: str = ""
    user: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An event that a rule found.

    `shape` names how its fields are called; `time_us` is its time in microseconds since 1970 (UTC), None when it has
    none that can be read; `record` names its raw record (`stream/sequence/index`) or where it lies (`file:line`).
    """

    event: FlatEvent
    shape: str
    record: str
    time_us: int | None
    entity: Entity = Entity()
