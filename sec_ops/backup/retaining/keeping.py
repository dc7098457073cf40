"""Retention 保留: which restore points stay, by order and moment of arrival; the clients' clocks have no say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sec_ops.backup.retaining.points import RestorePoint, newest_good
from sec_ops.model.backup_plan import Retention

__all__ = ["LEFTOVER_AGE", "Kept", "Retained", "retained"]

LEFTOVER_AGE = timedelta(days=7)
"""What does not count stays so long after its arrival, for somebody to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A point that stays, and why: a field of the rule, newest_good, newest_whole, held, future_dated, leftover."""

    point: RestorePoint
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What stays and what may go, each in order of arrival."""

    kept: tuple[Kept, ...]
    dropped: tuple[RestorePoint, ...]


def retained(points: Sequence[RestorePoint], rule: Retention, *, zone: ZoneInfo, now: datetime) -> Retained:
    """Return what `rule` keeps of one system's points.

    A place of the rule is an hour, day, ISO week, month or year of `zone` in which a point that counts arrived, newest
    first; the newest whole point of it stays, else the newest. Points that don't count take no place. Held and
    future-dated ones are left for a person, leftovers of broken runs go after `LEFTOVER_AGE` once a good one came.
    """
    ordered = sorted(points, key=lambda point: point.arrival)
    reasons: dict[int, list[str]] = {point.arrival: [] for point in ordered}
    counting = [point for point in ordered if point.counts]
    for name, key in _PERIODS.items():
        periods = [key(point.arrived.astimezone(zone)) for point in counting]
        for point in _places(counting, periods, getattr(rule, name)):
            reasons[point.arrival].append(name)
    for point in counting[-rule.last :] if rule.last else []:
        reasons[point.arrival].append("last")
    for point, reason in _never_dropped(ordered, now):
        reasons[point.arrival].append(reason)
    return Retained(
        kept=tuple(Kept(point=each, reasons=tuple(reasons[each.arrival])) for each in ordered if reasons[each.arrival]),
        dropped=tuple(each for each in ordered if not reasons[each.arrival]),
    )


_PERIODS: dict[str, Callable[[datetime], tuple[object, ...]]] = {
    "hourly": lambda moment: (moment.toordinal(), moment.hour, moment.utcoffset()),
    "daily": lambda moment: (moment.toordinal(),),
    "weekly": lambda moment: moment.isocalendar()[:2],
    "monthly": lambda moment: (moment.year, moment.month),
    "yearly": lambda moment: (moment.year,),
}


def _places(points: Sequence[RestorePoint], periods: Sequence[object], count: int) -> list[RestorePoint]:
    """Return the point that stays of each of the `count` newest periods."""
    chosen: dict[object, RestorePoint] = {}
    for point, period in zip(reversed(points), reversed(periods), strict=True):
        rival = chosen.get(period)
        if (len(chosen) < count) if rival is None else (point.whole and not rival.whole):
            chosen[period] = point
    return list(chosen.values())


def _never_dropped(points: Sequence[RestorePoint], now: datetime) -> list[tuple[RestorePoint, str]]:
    counting = [point for point in points if point.counts]
    found = [(point, "newest_good") for point in counting[-1:]]
    best = newest_good(points)
    if best and best.whole:
        found.append((best, "newest_whole"))
    for point in points:
        if point.held:
            found.append((point, "held"))
        elif point.future_dated:
            found.append((point, "future_dated"))
        elif not point.counts and _still_wanted(point, counting, now):
            found.append((point, "leftover"))
    return found


def _still_wanted(point: RestorePoint, counting: Sequence[RestorePoint], now: datetime) -> bool:
    followed = any(each.arrival > point.arrival for each in counting)
    return not followed or now - point.arrived < LEFTOVER_AGE
