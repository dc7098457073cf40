"""What correlations mean, over a whole list of what rules found: the measure of every quicker way.

A *window* of a group is a span of time, both ends included. Where further events can only make the condition truer
(counts, values, temporal kinds and sums with `gte` or `gt`), every event ends a window; the group tells at the first
whose window fulfils the condition, and not again within a span of it. Everything else (`lt`, `lte`, `eq`, `neq`,
averages, medians, percentiles, conditions with `not`) is asked of whole windows: the first begins with the group's
first event, the next with its first event after that.
What is near an event at which it told, within a span, belongs to that hit: what the hit didn't count is told as more of
it, minute by minute of the events' time, a minute later at most. So counts come out exact, however late events are, and
the same from events that come and from events that are read again.

An event without a value of a field grouped by, or without the value that is counted, takes no part; one with several
values takes part in each of their groups. A correlation over correlations takes each of their hits as one event at the
time it was told for, with the values of their group, else of their events.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sec_ops.detection.correlate.limits import Counts, Limits
from sec_ops.detection.correlate.points import Point, holds, measure, monotone
from sec_ops.detection.correlate.taking import folded, take_in
from sec_ops.detection.correlate.values import Found, NamesHere
from sec_ops.detection.rule import Correlation

__all__ = ["Finding", "filled_at", "findings"]


def _as_written(_rule: str, _shape: str, field: str) -> Sequence[str]:
    return (field,)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """A group (values without regard to case) and the time of the last event of a window that fulfils the condition."""

    group: tuple[str, ...]
    time_us: int


def findings(correlation: Correlation, found: Iterable[Found], names: NamesHere = _as_written) -> Sequence[Finding]:
    """Return what a correlation tells of everything that its rules found, by group and time."""
    told: list[Finding] = []
    for group, points in _groups(correlation, found, names):
        times = _at_once(correlation, points) if monotone(correlation) else _when_over(correlation, points)
        told += [Finding(group=group, time_us=time_us) for time_us in times]
    return sorted(told)


def filled_at(correlation: Correlation, found: Iterable[Found], names: NamesHere = _as_written) -> frozenset[Finding]:
    """Return every event time of a group at which a window ends that fulfils the condition."""
    return frozenset(
        Finding(group=group, time_us=point.time_us)
        for group, points in _groups(correlation, found, names)
        for point in points
        if _filled(correlation, points, point.time_us)
    )


def _groups(
    correlation: Correlation, found: Iterable[Found], names: NamesHere
) -> Iterator[tuple[tuple[str, ...], list[Point]]]:
    groups: dict[tuple[str, ...], list[Point]] = {}
    for each in found:
        if each.rule not in correlation.rules:
            continue
        taken = take_in(correlation, each, names=names, limits=Limits(), counts=Counts(), now_us=0)
        for group in taken.groups if taken else ():
            groups.setdefault(folded(group), []).extend(taken.points if taken else ())
    for group, points in groups.items():
        yield group, sorted(points)


def _at_once(correlation: Correlation, points: list[Point]) -> Iterator[int]:
    told_us: int | None = None
    for point in points:
        quiet = told_us is None or point.time_us > told_us + correlation.span_s * 1_000_000
        if quiet and _filled(correlation, points, point.time_us):
            told_us = point.time_us
            yield told_us


def _when_over(correlation: Correlation, points: list[Point]) -> Iterator[int]:
    left = points
    while left:
        size = _place(left, left[0].time_us + correlation.span_s * 1_000_000 + 1)
        window, left = left[:size], left[size:]
        if holds(correlation, measure(correlation, window)):
            yield window[-1].time_us


def _filled(correlation: Correlation, points: list[Point], end_us: int) -> bool:
    window = points[_place(points, end_us - correlation.span_s * 1_000_000) : _place(points, end_us + 1)]
    return holds(correlation, measure(correlation, window))


def _place(points: list[Point], time_us: int) -> int:
    return bisect_left(points, (time_us,))
