"""Bringing the points of a crowded group under their bound, losing as little as can be."""

from collections.abc import Sequence
from itertools import groupby

from sec_ops.detection.correlate.points import Point
from sec_ops.detection.rule import Aggregate, Correlation

__all__ = ["compacted"]


def compacted(correlation: Correlation, points: Sequence[Point], most: int) -> tuple[list[Point], int]:
    """Return at most that many of the points, and how many were given up.

    Counts, sums and averages join neighbours at the earliest's time: totals stay, times become coarse. Of
    medians and percentiles every other older point stands for two. Of what is counted by its value, the middle ones of
    a value go, which no window needs; where that is not enough, the oldest.
    """
    kept = list(points)
    if len(kept) <= most:
        return kept, 0
    half = len(kept) // 2
    match correlation.aggregate:
        case Aggregate.EVENT_COUNT | Aggregate.VALUE_SUM | Aggregate.VALUE_AVERAGE:
            return _joined(kept, most), 0
        case Aggregate.VALUE_MEDIAN | Aggregate.VALUE_PERCENTILE:
            thinned = _every_other(kept[:half]) + kept[half:]
            return thinned, len(kept) - len(thinned)
        case Aggregate.VALUE_COUNT | Aggregate.TEMPORAL:
            kept = _without_middles(kept, correlation.span_s * 1_000_000)
        case Aggregate.TEMPORAL_ORDERED if len(set(correlation.rules)) == len(correlation.rules):
            kept = _without_runs(kept)
    room = most * 3 // 4
    return (kept[-room:], len(kept) - room) if len(kept) > room else (kept, 0)


def _joined(points: Sequence[Point], most: int) -> list[Point]:
    """Join the points of equal stretches of time, of which there are half as many as points may be."""
    since_us = points[0].time_us
    width_us = (points[-1].time_us - since_us) // (most // 2) + 1
    stretches = groupby(points, key=lambda point: (point.time_us - since_us) // width_us)
    return [_together(list(same)) for _, same in stretches]


def _together(points: Sequence[Point]) -> Point:
    return points[0]._replace(
        amount=sum(point.amount for point in points),
        events=sum(point.events for point in points),
        arrived_us=max(point.arrived_us for point in points),
    )


def _every_other(points: Sequence[Point]) -> list[Point]:
    kept = [
        first._replace(events=first.events + second.events, arrived_us=max(first.arrived_us, second.arrived_us))
        for first, second in zip(points[::2], points[1::2], strict=False)
    ]
    return kept + list(points[len(kept) * 2 :])


def _without_middles(points: Sequence[Point], span_us: int) -> list[Point]:
    """Leave out a point when an earlier and a later one of its value are in reach of each other."""
    kept: dict[int | str, list[Point]] = {}
    for point in points:
        same = kept.setdefault(point.key, [])
        if len(same) > 1 and point.time_us - same[-2].time_us <= span_us:
            same[-1] = _after(same[-1], point)
        else:
            same.append(point)
    return sorted(point for same in kept.values() for point in same)


def _without_runs(points: Sequence[Point]) -> list[Point]:
    """Leave out what lies between the first and the last of a run that one rule found."""
    kept: list[Point] = []
    for point in points:
        if len(kept) > 1 and point.key == kept[-1].key == kept[-2].key:
            kept[-1] = _after(kept[-1], point)
        else:
            kept.append(point)
    return kept


def _after(gone: Point, stays: Point) -> Point:
    return stays._replace(events=gone.events + stays.events)
