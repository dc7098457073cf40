"""Entries of the systemd journal as `journalctl -o json` and systemd-journal-remote write them.

Source: systemd.journal-fields(7), journalctl(1). A value is a text, a list of bytes where it is no UTF-8 text, a list
of values where the field stands several times, or null where it was too large. Names given: the journal's own, and
`program`, `pid`, `time`, `text` chosen among them.
"""

from collections.abc import Mapping
from typing import Any, Final

from sec_ops.siem.engines import Extract, ExtractDocument, Extracted
from sec_ops.siem.engines.json import read_object
from sec_ops.siem.engines.syslog import FACILITIES, SEVERITIES
from sec_ops.siem.parse.decoding import decode

__all__ = ["OPTIONS", "compile_document", "compile_engine"]

OPTIONS: frozenset[str] = frozenset()
_PROGRAM: Final = ("SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT", "_TRANSPORT")
_PROCESS: Final = ("SYSLOG_PID", "_PID")
_TIME: Final = ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP")
_DROPPED: Final = frozenset({"__MONOTONIC_TIMESTAMP", "_SOURCE_MONOTONIC_TIMESTAMP", "SYSLOG_TIMESTAMP", "SYSLOG_RAW"})


def compile_document(options: Mapping[str, Any]) -> ExtractDocument:  # noqa: ARG001 - it has no options
    """Return the extraction from an entry."""
    return _extract


def compile_engine(options: Mapping[str, Any]) -> Extract:  # noqa: ARG001
    """Return the extraction from a line."""

    def read(text: str) -> Extracted | None:
        document = read_object(text)
        return None if document is None else _extract(document)

    return read


def _extract(entry: Mapping[str, Any]) -> Extracted | None:
    if "__REALTIME_TIMESTAMP" not in entry and "MESSAGE" not in entry:
        return None
    found = {name: _value(value) for name, value in entry.items() if name not in _DROPPED and value is not None}
    _choose(found, "program", _PROGRAM)
    _choose(found, "pid", _PROCESS)
    _choose(found, "time", _TIME)
    text = found.pop("MESSAGE", "")
    found["text"] = text if isinstance(text, str) else " ".join(map(str, text)) if isinstance(text, list) else str(text)
    _name(found, "PRIORITY", "severity", SEVERITIES)
    _name(found, "SYSLOG_FACILITY", "facility", FACILITIES)
    return found


def _value(value: Any) -> Any:  # noqa: ANN401 - whatever the entry holds
    """Return a text for a list of bytes; which a list of numbers is, for the journal has no numbers of its own."""
    if isinstance(value, list) and value and all(type(each) is int and 0 <= each < 256 for each in value):
        return decode(bytes(value))
    return value


def _choose(found: dict[str, Any], name: str, among: tuple[str, ...]) -> None:
    value = next((found[each] for each in among if isinstance(found.get(each), str) and found[each]), None)
    if value is not None:
        found[name] = value


def _name(found: dict[str, Any], number: str, name: str, names: tuple[str, ...]) -> None:
    digits = found.get(number)
    if (
        isinstance(digits, str)
        and digits.isascii()
        and digits.isdigit()
        and len(digits) < 4
        and int(digits) < len(names)
    ):
        found[name] = names[int(digits)]
