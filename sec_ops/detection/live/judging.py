"""What live detection asks of a rule set, however that is matched."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.detection.alerts.grouping import FieldNames, same_names
from sec_ops.detection.alerts.store import Suppress, never
from sec_ops.detection.events import FlatEvent, Occurrence
from sec_ops.detection.rule import Correlation, Rule

__all__ = ["Find", "Judging"]

Find = Callable[[Iterable[FlatEvent]], Iterator[tuple[int, Sequence[Rule]]]]
"""Events to the place and rules of each that a rule finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """A rule set ready to judge events of one shape.

    `alerting` are the ids of the rules and correlations whose hits become alerts; `occurrence` makes one of an event
    and its record; `names` says how fields are called; `suppress` which hits nobody is told of;
    `given_up` counts what was not searched because it took too long, by name. `digest` tells one rule set from another.
    """

    digest: str
    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    alerting: frozenset[str]
    find: Find
    occurrence: Callable[[FlatEvent, str], Occurrence]
    names: FieldNames = same_names
    suppress: Suppress = never
    given_up: Callable[[], Mapping[str, int]] = dict
