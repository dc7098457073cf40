"""When jobs are due: pure functions of a timing, an instant and a zone.

A time of day that the zone's clock jumps over is due an hour later by that clock; one that comes twice is due at the
first.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sec_ops.model.job import WEEKDAYS, Timing

__all__ = ["last_due", "missed_between", "next_due"]

_LONGEST_DAYS = 8
_COUNTED = 10_000


def last_due(timing: Timing, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the latest instant (UTC) at or before `now` at which the job was due."""
    today = now.astimezone(zone).date()
    for back in range(_LONGEST_DAYS + 1):
        due = [each for each in _of_day(timing, today - timedelta(days=back), zone) if each <= now]
        if due:
            return max(due)
    raise AssertionError("every timing is due once a week")


def next_due(timing: Timing, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the earliest instant (UTC) after `now` at which the job will be due."""
    today = now.astimezone(zone).date()
    for ahead in range(_LONGEST_DAYS + 1):
        due = [each for each in _of_day(timing, today + timedelta(days=ahead), zone) if each > now]
        if due:
            return min(due)
    raise AssertionError("every timing is due once a week")


def missed_between(timing: Timing, earlier: datetime, later: datetime, zone: ZoneInfo) -> int:
    """Return how many instants lie strictly between two at which the job was due, ten thousand at most."""
    count, moment = 0, next_due(timing, earlier, zone)
    while moment < later and count < _COUNTED:
        count, moment = count + 1, next_due(timing, moment, zone)
    return count


def _of_day(timing: Timing, day: date, zone: ZoneInfo) -> list[datetime]:
    """Return the instants (UTC) of one day of the zone's calendar."""
    if timing.weekly is not None:
        weekday, _space, clock = timing.weekly.partition(" ")
        minutes = [_minute(clock)] if WEEKDAYS[day.weekday()] == weekday else []
    elif timing.daily is not None:
        minutes = [_minute(timing.daily)]
    else:
        minutes = list(range(0, 1440, timing.every_minutes or 60 * (timing.every_hours or 1)))
    wall = datetime(day.year, day.month, day.day, tzinfo=zone)
    return [wall.replace(hour=each // 60, minute=each % 60).astimezone(UTC) for each in minutes]


def _minute(clock: str) -> int:
    hours, _colon, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)
