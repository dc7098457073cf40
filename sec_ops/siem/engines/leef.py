"""Log Event Extended Format 1.0 and 2.0: `LEEF:2.0|vendor|product|version|event|delimiter|key=value…`.

Whatever stands before `LEEF:` is left out, and `LEEF:` may be missing: a syslog header takes it for the program.
Attributes are parted by tabs, in version 2.0 by the delimiter of the header (one character, or its code as `x5E` or
`0x5E`). What comes out: `header.*`, and `attribute.<key>` with the sender's keys.
Source: IBM QRadar, Log Event Extended Format (LEEF), version 2.
"""

import re
from collections.abc import Mapping
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._pairs import keep

OPTIONS: frozenset[str] = frozenset()
_START = re.compile(r"(?:(?:^|[\s:])LEEF: ?|^)([12](?:\.0)?)\|")
_NAMES = ("vendor", "product", "version", "event")
_CODE = re.compile(r"(?:0?[xX])([0-9A-Fa-f]{1,4})")


def compile_engine(_options: Mapping[str, Any]) -> Extract:
    """Return the engine; it has no options."""
    return _extract


def _extract(text: str) -> Extracted | None:
    start = _START.search(text)
    if start is None:
        return None
    parts = text[start.end() :].split("|", len(_NAMES))
    if len(parts) < len(_NAMES):
        return None
    header = {"format": start[1]} | dict(zip(_NAMES, (part.strip() for part in parts), strict=False))
    rest = parts[len(_NAMES)] if len(parts) > len(_NAMES) else ""
    delimiter = "\t"
    if start[1].startswith("2"):
        delimiter, rest = _delimited(rest)
    return {"header": header, "attribute": _attributes(rest.rstrip("\r\n"), delimiter)}


def _delimited(rest: str) -> tuple[str, str]:
    """Return the delimiter and the attributes; version 2.0 allows to leave the delimiter's field out."""
    before, bar, after = rest.partition("|")
    if not bar or "=" in before[1:] or "\t" in before[1:]:
        return "\t", rest
    code = _CODE.fullmatch(before.strip())
    if code:
        return chr(int(code[1], 16)), after
    if not before and after.startswith("|"):
        return "|", after[1:]
    return (before[0] if before else "\t"), after


def _attributes(text: str, delimiter: str) -> dict[str, Any]:
    pairs: list[tuple[str, list[str]]] = [("text", [])]
    for part in text.split(delimiter):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            pairs.append((name.strip(), [value]))
        else:
            pairs[-1][1].append(part)
    found: dict[str, Any] = {}
    for name, parts in pairs:
        keep(found, name, delimiter.join(parts).rstrip(delimiter))
    return found
