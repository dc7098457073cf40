"""Spans of a histogram: which length suits a time, and where they begin on the clock of a zone.

Stores count by spans that are aligned to 1970 in UTC; a day or six hours of people begin at their own midnight. So the
store is asked for pieces that fit into both, and these are added up here.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.storing import Bucket

__all__ = ["DAY_US", "MOST_SPANS", "added_up", "interval_of", "piece_of", "suitable", "written_interval"]

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_HOUR_US = 60 * _MINUTE_US
DAY_US = 24 * _HOUR_US
_WEEK_US = 7 * DAY_US
_UNITS = {"s": _SECOND_US, "m": _MINUTE_US, "h": _HOUR_US, "d": DAY_US, "w": _WEEK_US}
_MONDAY_US = 3 * DAY_US  # 1 January 1970 was a Thursday, three days after a Monday
_LADDER = (
    *(seconds * _SECOND_US for seconds in (1, 5, 10, 30)),
    *(minutes * _MINUTE_US for minutes in (1, 5, 10, 30)),
    *(hours * _HOUR_US for hours in (1, 3, 6, 12)),
    *(DAY_US, _WEEK_US, 4 * _WEEK_US, 52 * _WEEK_US),
)
_PLEASANT = 30
MOST_SPANS = 2_000
_QUARTER_US = 15 * _MINUTE_US
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a clock on the wall has no zone


def interval_of(text: str) -> int:
    """Return the microseconds of `30s`, `10m`, `1h`, `1d` or `1w`; raises UsageError for other text."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([smhdw])", text, re.ASCII)
    if not found:
        what = message("“{text}” is not an interval", text=text[:60])
        raise UsageError(what, advice=message("write auto, or a number and s, m, h, d or w: 10m, 1h, 1d"))
    return int(found[1]) * _UNITS[found[2]]


def written_interval(interval_us: int) -> str:
    """Return an interval as `interval_of` reads it."""
    unit = next(name for name in reversed(_UNITS) if interval_us % _UNITS[name] == 0)
    return f"{interval_us // _UNITS[unit]}{unit}"


def suitable(first_us: int, last_us: int) -> int:
    """Return the shortest pleasant interval that cuts the time between two moments into 30 spans or fewer."""
    return next((each for each in _LADDER if (last_us - first_us) // each < _PLEASANT), _LADDER[-1])


def piece_of(interval_us: int) -> int:
    """Return the length of the pieces to ask the store for: what every zone's clock and the interval have in common."""
    return next(each for each in (_QUARTER_US, _MINUTE_US, _SECOND_US) if interval_us % each == 0)


def added_up(pieces: Iterable[Bucket], interval_us: int, zone: tzinfo) -> Sequence[Bucket]:
    """Return the counts of spans by the zone's clock, the empty ones between the first and the last included.

    Weeks begin on Monday; the key of a span is its begin in microseconds since 1970 (UTC). An hour that the clock shows
    twice is one span, an hour that it leaves out is none.
    """
    counts: dict[int, int] = {}
    for piece in pieces:
        begin = _floor(_shown(int(piece.key or 0), zone), interval_us)
        counts[begin] = counts.get(begin, 0) + piece.count
    if not counts:
        return []
    wanted = range(min(counts), max(counts) + 1, interval_us)
    there = (begin for begin in wanted if begin in counts or _shown(_meant(begin, zone), zone) == begin)
    return [Bucket(key=_meant(begin, zone), count=counts.get(begin, 0)) for begin in there]


def _floor(shown_us: int, interval_us: int) -> int:
    shift = _MONDAY_US if interval_us % _WEEK_US == 0 else 0
    return (shown_us + shift) // interval_us * interval_us - shift


def _shown(moment_us: int, zone: tzinfo) -> int:
    """Return what the zone's clock shows, as microseconds since it showed 1970; UTC where the zone has no clock."""
    try:
        there = datetime.fromtimestamp(moment_us // _SECOND_US, zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return moment_us
    return (there - _EPOCH) // _MICROSECOND + moment_us % _SECOND_US


def _meant(shown_us: int, zone: tzinfo) -> int:
    try:
        there = (_EPOCH + timedelta(microseconds=shown_us)).replace(tzinfo=zone)
        return (there - _EPOCH.replace(tzinfo=UTC)) // _MICROSECOND
    except (ValueError, OverflowError):
        return shown_us
