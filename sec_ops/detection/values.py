"""What a value of an event is to a test: its text, its number, its address, its time. Every engine shares this.

Text is compared with the case of its characters taken away (`sec_ops.model.folding.fold`).
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from sec_ops.detection.events import Value
from sec_ops.detection.rule import ANY_MANY, Order, Wildcard

__all__ = [
    "Scalar",
    "address_of",
    "lies_in",
    "like",
    "number_of",
    "ordered",
    "part_of",
    "refers",
    "scalars",
    "text_of",
    "time_of",
]

Scalar = str | int | float | bool

_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,300}|[0-9]{0,300}\.[0-9]{1,300}|[0-9]{1,300}\.)([eE][+-]?[0-9]{1,3})?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS: Final = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
"""Up to which size a number of time counts seconds, milli-, micro- and nanoseconds."""
_TIME_LENGTHS: Final = range(len("2026-11-26T03:44"), 65)


def scalars(value: Value) -> Iterator[Scalar]:
    """Yield the values that a field holds: of lists at any depth each one, of null none."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str | int | float):
            yield each
        elif isinstance(each, Sequence):
            waiting.extend(reversed(each))


def text_of(value: Scalar) -> str:
    """Return a value as text: `true`, `false`; a whole float as its integer."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def number_of(value: Scalar) -> int | float | None:
    """Return a number, or the one that text writes in decimal; None for other text, booleans and what isn't finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = int(value) if value.lstrip("+-").isdigit() else float(value)
    return value if abs(value) < float("inf") else None


def ordered(order: Order, left: float, right: float) -> bool:
    """Tell whether two numbers stand in this order."""
    match order:
        case Order.LESS:
            return left < right
        case Order.AT_MOST:
            return left <= right
        case Order.GREATER:
            return left > right
        case Order.AT_LEAST:
            return left >= right
        case Order.EQUAL:
            return left == right
        case Order.OTHER:
            return left != right


def like(parts: Sequence[str | Wildcard], text: str) -> bool:
    """Tell whether the whole text is like a glob's parts; both are folded, or neither."""
    first, *others = _runs(parts)
    if not others:
        return len(text) == _length(first) and _stands(first, text, 0)
    *inner, last = others
    at = _length(first)
    if not _stands(first, text, 0):
        return False
    for run in inner:
        found = _find(run, text, at)
        if found < 0:
            return False
        at = found + _length(run)
    end = len(text) - _length(last)
    return end >= at and _stands(last, text, end)


_Run = tuple[str | Wildcard, ...]


def _runs(parts: Sequence[str | Wildcard]) -> list[_Run]:
    """Return what stands between the wildcards for many characters, in order, the ends as well."""
    runs: list[list[str | Wildcard]] = [[]]
    for part in parts:
        if part is ANY_MANY:
            runs.append([])
        else:
            runs[-1].append(part)
    return [tuple(run) for run in runs]


def _length(run: _Run) -> int:
    return sum(len(part) if isinstance(part, str) else 1 for part in run)


def _stands(run: _Run, text: str, at: int) -> bool:
    if at + _length(run) > len(text):
        return False
    for part in run:
        if not isinstance(part, str):
            at += 1
        elif text.startswith(part, at):
            at += len(part)
        else:
            return False
    return True


def _find(run: _Run, text: str, start: int) -> int:
    if len(run) == 1 and isinstance(run[0], str):
        return text.find(run[0], start)
    found = _searched(run).search(text, start)
    return found.start() if found else -1


@lru_cache(maxsize=1024)
def _searched(run: _Run) -> re.Pattern[str]:
    return re.compile("".join(re.escape(part) if isinstance(part, str) else "." for part in run), re.DOTALL)


def refers(place: str, text: str, other: str) -> bool:
    """Tell whether a text equals another, or holds it at a place (`startswith`, `endswith`, `contains`)."""
    match place:
        case "startswith":
            return text.startswith(other)
        case "endswith":
            return text.endswith(other)
        case "contains":
            return other in text
    return text == other


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that the text is, without its zone (`%eth0`)."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def lies_in(cidr: str, address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address lies in a network; `::ffff:10.0.0.1` is also 10.0.0.1."""
    network = _network(cidr)
    if address in network:
        return True
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped is not None and mapped in network


@lru_cache(maxsize=4096)
def _network(cidr: str) -> IPv4Network | IPv6Network:
    return ip_network(cidr)


def time_of(value: Scalar, zone: tzinfo) -> datetime | None:
    """Return the time that a value is, in the zone, or None.

    Text is ISO 8601 with a date and a time, of UTC when it names no offset. A number counts from 1970: seconds,
    milliseconds, microseconds (as stored events do) or nanoseconds, by its size.
    """
    if isinstance(value, bool):
        return None
    try:
        moment = _written(value) if isinstance(value, str) else _counted(value)
        return moment.astimezone(zone) if moment else None
    except (ValueError, OverflowError):
        return None


def _written(text: str) -> datetime | None:
    if len(text) not in _TIME_LENGTHS:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _counted(number: float) -> datetime | None:
    unit = next((unit for bound, unit in _SECONDS if abs(number) < bound), None)
    if unit is None:
        return None
    return _EPOCH + timedelta(microseconds=int(number * 10**6 // unit))


def part_of(moment: datetime, part: str) -> int:
    """Return the minute, hour, day of the month, ISO week, month or year of a time."""
    if part == "week":
        return moment.isocalendar().week
    value: int = getattr(moment, part)
    return value
