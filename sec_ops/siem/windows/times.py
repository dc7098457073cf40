"""The time of an event, among the times its record may hold."""

from collections.abc import Iterable
from datetime import UTC, datetime

__all__ = ["event_time"]

_MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on (the year 5138 in seconds) are milliseconds."""


def event_time(values: Iterable[object], universal: object = None) -> str:
    """Return the first value that looks like a time, as ISO text; else the first that says anything; else nothing.

    A time with its zone goes before one without; `universal` is a UTC time that doesn't say so, as Sysmon's UtcTime is.
    Numbers are seconds or milliseconds since 1970, `/Date(…)/` (.NET's JSON) are milliseconds. Recorded events have
    "None" and "NoneZ" where a converter failed.
    """
    texts = [text for text in map(_text, values) if text]
    if isinstance(universal, str) and _dated(universal):
        texts.append(f"{universal}Z")
    for text in texts:
        if _dated(text) and _zoned(text):
            return text
    return next((text for text in texts if _dated(text)), texts[0] if texts else "")


def _dated(text: str) -> bool:
    return text[:4].isdecimal() and text[4:5] in {"-", "/"}


def _zoned(text: str) -> bool:
    return text[-1] in "Zz" or "+" in text[19:] or "-" in text[19:]


def _text(value: object) -> str:
    if isinstance(value, str):
        number = value[6:-2] if value.startswith("/Date(") and value.endswith(")/") else ""
        return _of_number(int(number)) if number.isascii() and number.isdecimal() and len(number) < 16 else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(value)
    return ""


def _of_number(number: float) -> str:
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""
