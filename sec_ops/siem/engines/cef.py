r"""Common Event Format: `CEF:0|vendor|product|version|signature|name|severity|key=value key=value`.

Whatever stands before `CEF:` is left out, and `CEF:` may be missing: a syslog header takes it for the program. What
comes out: `header.*`, and `extension.<key>` with the sender's keys. In the header `\|` and `\\` are escaped, in values
`\=`, `\\`, `\n` and `\r`; blanks belong to values.
Source: ArcSight, Common Event Format, implementation standard, version 26.
"""

import re
from collections.abc import Mapping
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._pairs import keep

OPTIONS: frozenset[str] = frozenset()
_NAMES = ("vendor", "product", "version", "signature", "name", "severity")
_START = re.compile(r"(?:(?:^|[\s:])CEF: ?|^)(\d{1,3}(?:\.\d{1,3})?)\|")
_PART = re.compile(r"([^|\\]*+(?:\\.[^|\\]*+)*+)\|", re.DOTALL)
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_.\-\[\]]++)=")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r"}


def compile_engine(_options: Mapping[str, Any]) -> Extract:
    """Return the engine; it has no options."""
    return _extract


def _extract(text: str) -> Extracted | None:
    start = _START.search(text)
    if start is None:
        return None
    header, at = {"format": start[1]}, start.end()
    for name in _NAMES:
        part = _PART.match(text, at)
        if part is None:
            if name != _NAMES[-1]:
                return None
            header[name], at = text[at:].strip(), len(text)  # some senders end with the severity
            break
        header[name], at = _unescaped(part[1]), part.end()
    return {"header": header, "extension": _extension(text[at:].rstrip("\r\n"))}


def _extension(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    name, begin = "text", 0
    for key in _KEY.finditer(text):
        keep(found, name, _unescaped(text[begin : key.start()].rstrip(" ")))
        name, begin = key[1], key.end()
    keep(found, name, _unescaped(text[begin:].rstrip(" ")))
    return found


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1] if found[1] in "\\|=" else found[0]), value)
