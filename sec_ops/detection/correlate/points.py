"""Points: what a correlation remembers of an event, and what a window full of them amounts to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from operator import attrgetter, eq, ge, gt, le, lt, ne
from typing import Final, NamedTuple

from sec_ops.detection.correlate.values import MICRO
from sec_ops.detection.rule import Aggregate, Correlation, Order, Together

__all__ = ["MONOTONE", "Point", "events_of", "holds", "measure", "monotone"]


class Point(NamedTuple):
    """An event as a correlation remembers it; points sort by time.

    `key` is the value that is counted, or the position of the rule in a temporal correlation; `record` tells events
    apart where their order matters; `amount` is what is added up (millionths for values, events for counts), `events`
    how many it stands for, `arrived_us` when it came.
    """

    time_us: int
    key: int | str
    record: str
    amount: int
    events: int
    arrived_us: int


MONOTONE: Final = frozenset(
    {
        Aggregate.EVENT_COUNT,
        Aggregate.VALUE_COUNT,
        Aggregate.TEMPORAL,
        Aggregate.TEMPORAL_ORDERED,
        Aggregate.VALUE_SUM,
    }
)
"""What grows with every event (of a sum: while no value is below zero)."""

_COMPARED: Final[Mapping[Order, Callable[[Fraction, Fraction], bool]]] = {
    Order.LESS: lt,
    Order.AT_MOST: le,
    Order.GREATER: gt,
    Order.AT_LEAST: ge,
    Order.EQUAL: eq,
    Order.OTHER: ne,
}


def monotone(correlation: Correlation) -> bool:
    """Return whether further events can only make the condition truer: it is then told at once (sliding window)."""
    if any(each.without for each in correlation.alternatives):
        return False
    return correlation.aggregate in MONOTONE and correlation.order in (Order.AT_LEAST, Order.GREATER)


def holds(correlation: Correlation, value: Fraction | None) -> bool:
    """Return whether the condition holds for what a window amounts to; None: it has no value."""
    if correlation.alternatives:
        return bool(value)
    return value is not None and _COMPARED[correlation.order](value, Fraction(correlation.threshold))


def measure(correlation: Correlation, points: Sequence[Point]) -> Fraction | None:
    """Return what the points of a window, in order, amount to; None when there is nothing to average.

    With alternatives that is how many of them hold.
    """
    if not points:
        return None
    if correlation.alternatives:
        return Fraction(sum(_together(correlation, each, points) for each in correlation.alternatives))
    match correlation.aggregate:
        case Aggregate.EVENT_COUNT:
            return Fraction(sum(point.amount for point in points))
        case Aggregate.VALUE_SUM:
            return Fraction(sum(point.amount for point in points), MICRO)
        case Aggregate.VALUE_COUNT | Aggregate.TEMPORAL:
            return Fraction(len({point.key for point in points}))
        case Aggregate.TEMPORAL_ORDERED:
            return Fraction(_in_order(points))
        case Aggregate.VALUE_AVERAGE:
            return Fraction(sum(point.amount for point in points), MICRO * sum(point.events for point in points))
        case Aggregate.VALUE_MEDIAN:
            return (_ranked(points, Fraction(1, 2)) + _ranked(points, Fraction(1, 2), above=1)) / 2
        case Aggregate.VALUE_PERCENTILE:
            return _ranked(points, Fraction(correlation.percentile or 0, 100))


def _together(correlation: Correlation, way: Together, points: Sequence[Point]) -> bool:
    if correlation.aggregate is Aggregate.TEMPORAL:
        there = {point.key for point in points}
        return there.issuperset(way.rules) and there.isdisjoint(way.without)
    rules = correlation.rules
    places = {rules.index(rule) for rule in way.rules}
    gone = {rules.index(rule) for rule in way.without}
    if any(point.key in gone for point in points):
        return False
    return _in_order([point for point in points if point.key in places]) == len(places)


def events_of(points: Iterable[Point]) -> int:
    """Return how many events, or values where values are averaged, points stand for; a record found twice is one."""
    by_record: dict[str, int] = {}
    total = 0
    for point in points:
        if point.record:
            by_record[point.record] = max(by_record.get(point.record, 0), point.events)
        else:
            total += point.events
    return total + sum(by_record.values())


def _ranked(points: Iterable[Point], share: Fraction, *, above: int = 0) -> Fraction:
    """Return the value at the nearest rank: the smallest that at least that share of the values doesn't exceed.

    `above` = 1 counts from the other end, so that the median of an even number is the mean of its two middle values.
    """
    ordered = sorted((point.amount, point.events) for point in points)
    if above:
        ordered.reverse()
    left = share * sum(count for _, count in ordered)
    for amount, count in ordered:
        left -= count
        if left <= 0:
            return Fraction(amount, MICRO)
    return Fraction(ordered[-1][0], MICRO)


def _in_order(points: Sequence[Point]) -> int:
    """Return how many of the rules, at most, occur one after the other in the order they are named.

    An event takes one step only, whichever of the rules found it. Among events of the same time those come first that
    an earlier rule found.
    """
    longest: dict[int, int] = {}
    for _, same_time in groupby(points, key=attrgetter("time_us")):
        records: dict[str, list[int]] = {}
        for point in same_time:
            records.setdefault(point.record, []).append(int(point.key))
        for positions in records.values():
            steps = {
                place: 1 + max((length for earlier, length in longest.items() if earlier < place), default=0)
                for place in positions
            }
            for place, length in steps.items():
                longest[place] = max(longest.get(place, 0), length)
    return max(longest.values(), default=0)
