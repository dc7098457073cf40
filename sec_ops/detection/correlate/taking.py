"""From what a rule found to the groups and points of a correlation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sec_ops.detection.correlate.limits import Counts, Limits
from sec_ops.detection.correlate.points import MONOTONE, Point
from sec_ops.detection.correlate.values import Found, NamesHere, groups_of, numbers_of, tuples_of
from sec_ops.detection.rule import Aggregate, Correlation
from sec_ops.model.folding import fold

__all__ = ["Taken", "folded", "take_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The groups, as written, that something found belongs to, and the points it is there."""

    groups: Sequence[tuple[str, ...]]
    points: Sequence[Point]


def folded(group: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a group is known by: its values without regard to case."""
    return tuple(fold(value) for value in group)


def take_in(
    correlation: Correlation, found: Found, *, names: NamesHere, limits: Limits, counts: Counts, now_us: int
) -> Taken | None:
    """Return what a correlation takes of something found; None, and counted, when it lacks what is needed."""
    groups = groups_of(correlation, found, names, limits.spread)
    if not groups:
        counts.ungrouped += 1
        return None
    points = _points(correlation, found, names, limits.spread, now_us)
    if not points:
        counts.valueless += 1
        return None
    return Taken(groups=tuple({folded(group): group for group in groups}.values()), points=points)


def _points(correlation: Correlation, found: Found, names: NamesHere, most: int, now_us: int) -> Sequence[Point]:
    """Return the points of an event: of each of its values; the first stands for it, or each where they are weighed."""
    weighed = correlation.aggregate not in MONOTONE
    record = found.record if len(correlation.rules) > 1 else ""
    return [
        Point(found.time_us, key, record, amount, 1 if weighed else found.count * (not rank), now_us)
        for rank, (key, amount) in enumerate(_values(correlation, found, names, most))
    ]


def _values(correlation: Correlation, found: Found, names: NamesHere, most: int) -> Iterable[tuple[int | str, int]]:
    """Return key and amount of each value."""
    match correlation.aggregate:
        case Aggregate.EVENT_COUNT:
            return ((0, 1),)
        case Aggregate.TEMPORAL:
            return ((found.rule, 1),)
        case Aggregate.TEMPORAL_ORDERED:
            return [(place, 1) for place, rule in enumerate(correlation.rules) if rule == found.rule]
        case Aggregate.VALUE_COUNT:
            values = tuples_of(correlation, found, correlation.fields, names, most)
            return [(key, 1) for key in dict.fromkeys("\0".join(folded(value)) for value in values)]
        case _:
            return enumerate(numbers_of(correlation, found, names)[:most])
