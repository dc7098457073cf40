"""Values as the field catalogue wants them: each Python type to each field type, and the conversions parsers name.

A conversion gives the value, `ABSENT` for what says nothing (an empty text, a dash), or `UNFIT` for what can't be.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from sec_ops.siem.events import FieldType, Scalar
from sec_ops.siem.parse.moments import Moment, compile_form

__all__ = ["ABSENT", "CONVERTERS", "UNFIT", "Conversion", "conform", "shortest_address", "written"]


class _Sign:
    __slots__ = ()


ABSENT: Final = _Sign()
UNFIT: Final = _Sign()
Conversion = Callable[[Any], Any]

_LEAST, _MOST = -(2**63), 2**63 - 1
_INTEGER = re.compile(r"[+-]?\d{1,19}")
_HEXADECIMAL = re.compile(r"0[xX][0-9A-Fa-f]{1,16}")
_BARE_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,16}")
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][+-]?\d{1,3})?")
_TRUE, _FALSE = frozenset({"true", "yes", "1", "on"}), frozenset({"false", "no", "0", "off"})
_NOTHING: Final = frozenset({"", "-", "(null)", "null", "none", "n/a", "?"})
_LONGEST_ADDRESS: Final = 64


def conform(kind: FieldType) -> Conversion:
    """Return the conversion of single values (not maps, not lists) to a field's type."""
    return _BY_KIND[kind]


def written(value: object) -> str:
    """Return a value as a keyword: numbers and booleans as JSON writes them, the rest as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _keyword(value: Any) -> Any:  # noqa: ANN401 - whatever a log holds
    return value if type(value) is str else written(value)


def _long(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return _long_text(value.strip())
    if isinstance(value, float):
        if not value.is_integer():
            return UNFIT
        value = int(value)
    return int(value) if _LEAST <= value <= _MOST else UNFIT


def _long_text(text: str) -> Any:  # noqa: ANN401
    if _INTEGER.fullmatch(text):
        return _bounded(int(text))
    if _HEXADECIMAL.fullmatch(text):
        return _bounded(int(text, 16))
    return ABSENT if text.lower() in _NOTHING else UNFIT


def _bounded(number: int) -> Any:  # noqa: ANN401
    return number if _LEAST <= number <= _MOST else UNFIT


def _double(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return ABSENT if text.lower() in _NOTHING else UNFIT
        value = text
    try:
        number = float(value)
    except OverflowError:
        return UNFIT
    return number if math.isfinite(number) else UNFIT


def _boolean(value: Any) -> Any:  # noqa: ANN401
    word = written(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    return ABSENT if word in _NOTHING else UNFIT


def _ip(value: Any) -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return UNFIT
    found = shortest_address(value)
    if found is None:
        return ABSENT if value.strip().lower() in _NOTHING else UNFIT
    return found


def shortest_address(text: str) -> str | None:
    """Return an IP address in its shortest form, an IPv4 address that came in IPv6 as IPv4; None when it is none."""
    return _shortest(text) if len(text) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=16_384)
def _shortest(text: str) -> str | None:
    bare = text.strip().removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        address = ip_address(bare)
    except ValueError:
        return None
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(inner or address)


_read_iso = compile_form("iso")


def _date(value: Any) -> Any:  # noqa: ANN401
    """Read ISO 8601 (UTC when it names no zone) or, as Elasticsearch does, milliseconds since 1970."""
    from datetime import UTC

    if isinstance(value, bool):
        return UNFIT
    if isinstance(value, int | float):
        return _bounded(int(value * 1000)) if math.isfinite(value) else UNFIT
    found = _read_iso(value)
    if isinstance(found, Moment):
        found = found.resolve(UTC, 0)
    if found is None:
        return ABSENT if value.strip().lower() in _NOTHING else UNFIT
    return found


def _hexadecimal(value: Any) -> Any:  # noqa: ANN401
    text = written(value).strip().lower().removeprefix("0x")
    return _bounded(int(text, 16)) if _BARE_HEXADECIMAL.fullmatch(text) else UNFIT


def _lower(value: Any) -> Any:  # noqa: ANN401
    return written(value).lower()


def _address(value: Any) -> Any:  # noqa: ANN401
    text = written(value).strip()
    return ABSENT if text in ("", "-") else shortest_address(text) or text


def _duration(nanoseconds: int) -> Conversion:
    def convert(value: Any) -> Any:  # noqa: ANN401
        number = _double(value)
        return number if isinstance(number, _Sign) else _bounded(round(number * nanoseconds))

    return convert


CONVERTERS: Final[Mapping[str, Conversion]] = {
    "integer": _long,
    "number": _double,
    "boolean": _boolean,
    "address": _address,
    "lower": _lower,
    "hexadecimal": _hexadecimal,
    "milliseconds": _duration(1_000_000),
    "seconds": _duration(1_000_000_000),
    "microseconds": _duration(1_000),
}
"""The conversions of `Mapped.convert`; `text` is none. Into a field of type ip `address` gives addresses only."""

_BY_KIND: Final[Mapping[FieldType, Conversion]] = {
    FieldType.KEYWORD: _keyword,
    FieldType.TEXT: _keyword,
    FieldType.LONG: _long,
    FieldType.DOUBLE: _double,
    FieldType.BOOLEAN: _boolean,
    FieldType.IP: _ip,
    FieldType.DATE: _date,
}

Value = Scalar | list[Scalar]
