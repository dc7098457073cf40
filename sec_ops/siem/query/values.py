"""Values of the field types, read from the text of a search; each raises UsageError for text that isn't one."""

import ipaddress
import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message

__all__ = ["address", "date_span", "date_text", "network", "number", "truth", "whole_number"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000
_UNITS_US = {
    "s": _SECOND_US,
    "m": 60 * _SECOND_US,
    "h": 3600 * _SECOND_US,
    "d": 86_400 * _SECOND_US,
    "w": 604_800 * _SECOND_US,
}
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?\s?([Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_AGO = re.compile(r"now(?:([+-])([0-9]{1,6})([smhdw]))?", re.ASCII)
_FOURTH_IN_SIXTH = 0xFFFF << 32


def whole_number(text: str) -> int:
    """Return a whole number of 64 bits."""
    if not _WHOLE.fullmatch(text):
        raise _wrong(text, message("a whole number, such as 443 or -1"))
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise _wrong(text, message("a whole number of 64 bits"))
    return value


def number(text: str) -> float:
    """Return a finite number."""
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    if not math.isfinite(value):
        raise _wrong(text, message("a number, such as 0.5 or 1e6"))
    return value


def truth(text: str) -> bool:
    """Return true or false, which are written in any case."""
    if text.lower() not in ("true", "false"):
        raise _wrong(text, message("true or false"))
    return text.lower() == "true"


def address(text: str) -> int:
    """Return an address as a number of 128 bits, one of IPv4 as it is mapped into IPv6 (RFC 4291, 2.5.5.2)."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError as error:
        raise _wrong(text, message("an address, such as 192.0.2.7 or 2001:db8::7")) from error
    if isinstance(found, ipaddress.IPv4Address):
        return _FOURTH_IN_SIXTH | int(found)
    if found.scope_id:
        raise _wrong(text, message("an address without a zone"))
    return int(found)


def network(text: str) -> tuple[int, int]:
    """Return the first and the last address of a network in CIDR notation, or twice the address that stands alone."""
    base, slash, length = text.partition("/")
    first = address(base)
    if not slash:
        return first, first
    bits = 32 if ":" not in base else 128
    if not re.fullmatch(r"[0-9]{1,3}", length, re.ASCII) or int(length) > bits:
        raise _wrong(text, message("a network, such as 192.0.2.0/24 or 2001:db8::/32"))
    rest = (1 << (bits - int(length))) - 1
    return first & ~rest, first | rest


def date_span(text: str, *, zone: tzinfo = UTC, now_us: int | None = None) -> tuple[int, int]:
    """Return the span that a date means, in microseconds since 1970 (UTC): its first, and the first after it.

    A day is a whole day, a minute a minute, `10:00:00.5` a tenth of a second; `now-1h` (s, m, h, d, w) one microsecond.
    Times without an offset are of `zone`. Source: RFC 3339, where a blank may stand for the T.
    """
    ago = _AGO.fullmatch(text)
    if ago and now_us is not None:
        moment = now_us + int((ago[1] or "") + (ago[2] or "0")) * _UNITS_US[ago[3] or "s"]
        return moment, moment + 1
    found = _DATE.fullmatch(text)
    if found is None:
        raise _not_a_date(text)
    try:
        return _span(found, zone)
    except (ValueError, OverflowError) as error:
        raise _not_a_date(text) from error


def date_text(moment_us: int) -> str:
    """Return a moment as RFC 3339 in UTC with microseconds; raises UsageError for years that have no four digits."""
    try:
        moment = _EPOCH + timedelta(microseconds=moment_us)
    except OverflowError as error:
        raise _wrong(str(moment_us), message("a moment between the years 1 and 9999")) from error
    return moment.strftime("%Y").zfill(4) + moment.strftime("-%m-%dT%H:%M:%S.%fZ")


def _span(found: re.Match[str], zone: tzinfo) -> tuple[int, int]:
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    clock = (int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "").ljust(6, "0")))
    start = datetime(int(year), int(month), int(day), *clock, tzinfo=_zone(offset) or zone)
    if hour is None:
        end = datetime(start.year, start.month, start.day, tzinfo=zone) + timedelta(days=1)
        return _microseconds(start), _microseconds(end)
    length = 60 * _SECOND_US if second is None else _SECOND_US if fraction is None else 10 ** (6 - len(fraction))
    return _microseconds(start), _microseconds(start) + length


def _zone(offset: str | None) -> tzinfo | None:
    if not offset or offset in "Zz":
        return UTC if offset else None
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _not_a_date(text: str) -> UsageError:
    return _wrong(text, message("a date, such as 2026-11-26, 2026-11-26T08:00:00+08:00 or now-1h"))


def _wrong(text: str, wanted: Message) -> UsageError:
    return UsageError(message("“{text}” is not {wanted}", text=text[:60], wanted=wanted))
