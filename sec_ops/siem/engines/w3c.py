"""W3C extended log lines, such as IIS writes: the last `#Fields:` line names what stands between the blanks.

The parser needs `heading: "^#Fields:"`. What comes out has the names of the fields (`cs-uri-stem`, `cs(User-Agent)`),
without those that are `-`; date and time become `timestamp`, and stem and query of an address are `cs-uri` too. IIS
writes a `+` for each blank of a value, and times in UTC. Sources: W3C, Extended Log File Format (WD-logfile-960323);
Microsoft, "W3C Logging".

Options: `separator` (a blank unless given), `plus` (names of values whose `+` stands for a blank).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._options import one_character, texts

OPTIONS = frozenset({"separator", "plus"})
_HEADING = "#fields:"
_FIELDS_BOUND = 200


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the engine."""
    separator = one_character(options, "separator", " ")
    plus = frozenset(texts(options, "plus"))

    def extract(text: str) -> Extracted | None:
        heading, _, line = text.partition("\n")
        names = _names(heading.strip())
        values = _values(line.rstrip("\r\n"), separator)
        if not names or len(values) != len(names):
            return None
        return _record(names, values, plus)

    return extract


@lru_cache(256)
def _names(heading: str) -> tuple[str, ...]:
    if not heading.lower().startswith(_HEADING):
        return ()
    names = tuple(heading[len(_HEADING) :].split())
    return names if len(names) <= _FIELDS_BOUND else ()


def _values(line: str, separator: str) -> list[str]:
    """Cut a line at its separators; a text in quotes (doubled inside) is one value."""
    if '"' not in line:
        return line.split(separator)
    values: list[str] = []
    at = 0
    while at <= len(line):
        if line.startswith('"', at):
            value, at = _quoted(line, at + 1)
        else:
            end = line.find(separator, at)
            end = len(line) if end < 0 else end
            value, at = line[at:end], end
        values.append(value)
        at += 1
    return values


def _quoted(line: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while True:
        end = line.find('"', at)
        if end < 0:
            return "".join([*parts, line[at:]]), len(line)
        parts.append(line[at:end])
        if not line.startswith('"', end + 1):
            return "".join(parts), end + 1
        parts.append('"')
        at = end + 2


def _record(names: Sequence[str], values: Sequence[str], plus: frozenset[str]) -> dict[str, str]:
    found = {
        name: value.replace("+", " ") if name in plus else value
        for name, value in zip(names, values, strict=True)
        if value not in {"-", ""}
    }
    if "date" in found and "time" in found:
        found["timestamp"] = f"{found.pop('date')} {found.pop('time')}"
    if "cs-uri-stem" in found:
        query = f"?{found['cs-uri-query']}" if "cs-uri-query" in found else ""
        found.setdefault("cs-uri", found["cs-uri-stem"] + query)
    return found
