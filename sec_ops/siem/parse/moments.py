"""Times as logs write them, made into microseconds since 1970 in UTC.

A form is `iso`, `epoch`, `epoch_ms`, `epoch_us`, `syslog` (`Nov 26 08:00:00`, with or without year, fraction and the
signs that Cisco puts before it) or a strptime form. What it leaves open is resolved so:

- no year: the latest year in which the time is not more than a day after the reference;
- no zone: the parser's, else the source's, else the site's; abbreviations other than UTC, GMT and Z count as none,
  because `CST` is China's time here and somebody else's elsewhere;
- an hour that the clock shows twice is the first one, an hour that it leaves out is read with the offset before it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["DAY_US", "Form", "Moment", "compile_form", "whole_iso", "zone_named"]

DAY_US: Final = 86_400_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LARGEST: Final = 253_402_300_799
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_SIGN: Final = "\u6708"
_CHINESE_DIGITS: Final = "\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341"
_CHINESE_NUMBERS: Final = {
    **{digit: at + 1 for at, digit in enumerate(_CHINESE_DIGITS)},
    **{"\u5341" + digit: at + 11 for at, digit in enumerate(_CHINESE_DIGITS[:2])},
}
_UNIVERSAL: Final = frozenset({"z", "utc", "gmt"})


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as far as it is written: `year` 0 and `zone` None when it is not."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int
    zone: tzinfo | None

    def resolve(self, zone: tzinfo, reference_us: int) -> int | None:
        """Return microseconds since 1970 in UTC, or None when there is no such day or hour."""
        if self.year:
            return self._in(self.year, zone)
        latest = (_EPOCH + timedelta(microseconds=reference_us + DAY_US)).year
        for year in range(latest, latest - 9, -1):  # far enough back to find a 29 February
            found = self._in(year, zone)
            if found is not None and found <= reference_us + DAY_US:
                return found
        return None

    def _in(self, year: int, zone: tzinfo) -> int | None:
        extra = self.second == 60
        try:
            clock = (self.hour, self.minute, 59 if extra else self.second, self.microsecond)
            there = datetime(year, self.month, self.day, *clock, tzinfo=self.zone or zone)
            return (there - _EPOCH) // _MICROSECOND + (1_000_000 if extra else 0)
        except (ValueError, OverflowError):
            return None


Form = Callable[[str], "Moment | int | None"]
"""Read a text: microseconds where it says all, a Moment where it leaves something open, None where it doesn't fit."""


def zone_named(name: str) -> ZoneInfo | None:
    """Return the IANA time zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def compile_form(form: str) -> Form:
    """Return the reader of a form; raises ValueError for a directive that is not known."""
    return _NAMED.get(form) or _strptime(form)


def whole_iso(text: str) -> int | None:
    """Return microseconds of an ISO 8601 time that names its zone, None for any other."""
    try:
        past = datetime.fromisoformat(text) - _EPOCH
    except (ValueError, TypeError, OverflowError):
        return None
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def whole_isos(texts: Sequence[str]) -> list[int] | None:
    """Return microseconds of ISO 8601 times that name their zones, None when one of them doesn't."""
    try:
        past = [there - _EPOCH for there in map(datetime.fromisoformat, texts)]
    except (ValueError, TypeError, OverflowError):
        return None
    return [(each.days * 86_400 + each.seconds) * 1_000_000 + each.microseconds for each in past]


def _iso(text: str) -> Moment | int | None:
    try:
        there = datetime.fromisoformat(text)
    except ValueError:
        return _loose(text)
    return _done(there) if there.tzinfo else _open(there)


_LOOSE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ](\d{1,2}):(\d{2}):(\d{2})"
    r"(?:[.,:](\d{1,9}))?\d{0,20} ?(Z|[A-Z]{3,5}|[+-]\d{2}:?\d{2})?"
)


def _loose(text: str) -> Moment | int | None:
    """Read what ISO 8601 does not allow, but logs write: one-digit months, a comma, nanoseconds, a blank before UTC."""
    found = _LOOSE.fullmatch(text.strip()[:64])
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    parts = (int(year), int(month), int(day), int(hour), int(minute), int(second), _fraction(fraction))
    return Moment(*parts, _zone(zone))


def _done(there: datetime) -> int | None:
    try:
        return (there - _EPOCH) // _MICROSECOND
    except OverflowError:
        return None


def _open(there: datetime) -> Moment:
    clock = (there.hour, there.minute, there.second, there.microsecond)
    return Moment(there.year, there.month, there.day, *clock, None)


def _epoch(scale: int) -> Form:
    def read(text: str) -> int | None:
        found = _NUMBER.fullmatch(text.strip()[:40])
        if found is None:
            return None
        whole, _, fraction = found[0].partition(".")
        ticks = abs(int(whole or 0)) * scale + int((fraction + "0" * 6)[:6]) * scale // 1_000_000
        return (-ticks if whole.startswith("-") else ticks) if ticks <= _LARGEST * 1_000_000 else None

    return read


_NUMBER = re.compile(r"-?\d{1,19}(?:\.\d{0,15})?")
_SYSLOG = re.compile(
    r"[*.:]?(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?([A-Za-z]{3}) +(\d{1,2})(?: +(\d{4}))?,? (\d{1,2}):(\d{2}):(\d{2})"
    r"(?:[.,](\d{1,9}))?(?: (\d{4}))?(?: ?(Z|[A-Z]{3,5}|[+-]\d{2}:?\d{2}))?(?: (\d{4}))?:?"
)


def _syslog(text: str) -> Moment | None:
    found = _SYSLOG.fullmatch(text.strip()[:64])
    if found is None:
        return None
    month, day, year, hour, minute, second, fraction, second_year, zone, third_year = found.groups()
    number = _month(month)
    if number is None:
        return None
    stated = int(year or second_year or third_year or 0)
    return Moment(stated, number, int(day), int(hour), int(minute), int(second), _fraction(fraction), _zone(zone))


def _month(name: str) -> int | None:
    """Return the number of a month's English or Chinese name; Java writes either, as its locale wants."""
    if name[-1:] == _MONTH_SIGN:
        digits = name[:-1]
        number = int(digits) if digits.isascii() else _CHINESE_NUMBERS.get(digits, 0)
        return number if 1 <= number <= 12 else None
    short = name[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else None


def _fraction(digits: str | None) -> int:
    return int((digits or "0").ljust(6, "0")[:6])


def _zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text.lower() in _UNIVERSAL:
        return UTC
    if text[0] not in "+-":
        return None
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4] or 0))
    return timezone(-offset if text[0] == "-" else offset) if offset < timedelta(days=1) else None


_NAMED: dict[str, Form] = {
    "iso": _iso,
    "epoch": _epoch(1_000_000),
    "epoch_ms": _epoch(1_000),
    "epoch_us": _epoch(1),
    "syslog": _syslog,
}
_DIRECTIVES: Final = {
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<short>\d{2})",
    "m": r"(?P<month>\d{1,2})",
    "d": r" ?(?P<day>\d{1,2})",
    "e": r" ?(?P<day>\d{1,2})",
    "H": r" ?(?P<hour>\d{1,2})",
    "I": r" ?(?P<half>\d{1,2})",
    "M": r"(?P<minute>\d{1,2})",
    "S": r"(?P<second>\d{1,2})",
    "f": r"(?P<fraction>\d{1,9})",
    "b": rf"(?P<name>[A-Za-z]{{3}}|\d{{1,2}}{_MONTH_SIGN}|[{_CHINESE_DIGITS}]{{1,2}}{_MONTH_SIGN})",
    "B": r"(?P<name>[A-Za-z]{3,9})",
    "p": r"(?P<noon>[AaPp])\.?[Mm]\.?",
    "z": r"(?P<zone>Z|[+-]\d{2}:?\d{2})",
    "Z": r"(?P<zone>[A-Za-z]{1,5}|[+-]\d{2}:?\d{2})",
    "a": r"[A-Za-z]{2,4}\.?",
    "A": r"[A-Za-z]{3,12}",
    "%": "%",
}


def _strptime(form: str) -> Form:
    pattern = re.compile(_translated(form))

    def read(text: str) -> Moment | int | None:
        found = pattern.fullmatch(text[:128])
        return _of(found.groupdict()) if found else None

    return read


def _translated(form: str) -> str:
    """Return the pattern of a strptime form; every part has a bounded width, so that matching is linear."""
    parts = []
    for literal, directive in re.findall(r"([^%]+)|%(.)", form):
        if directive and directive not in _DIRECTIVES:
            raise ValueError(f"%{directive}")
        parts.append(_DIRECTIVES[directive] if directive else re.escape(literal))
    if form.count("%") == 0:
        raise ValueError(form)
    return "".join(parts)


def _of(parts: dict[str, str | None]) -> Moment | None:
    month = _month(parts["name"] or "") if parts.get("name") else int(parts.get("month") or 1)
    if month is None:
        return None
    year = int(parts.get("year") or 0) or (2000 + int(parts["short"] or 0) if parts.get("short") else 0)
    hour = int(parts.get("hour") or 0)
    if parts.get("half"):
        hour = int(parts["half"] or 0) % 12 + (12 if (parts.get("noon") or "a") in "Pp" else 0)
    clock = (hour, int(parts.get("minute") or 0), int(parts.get("second") or 0), _fraction(parts.get("fraction")))
    return Moment(year, month, int(parts.get("day") or 1), *clock, _zone(parts.get("zone")))
