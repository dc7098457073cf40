"""Lines of keys and values; the last value of a key wins."""

from collections.abc import Mapping
from typing import Any

OPTIONS = frozenset({"separator", "comment", "lower_keys"})


def parse(text: str, options: Mapping[str, Any]) -> dict[str, str]:
    """Return key -> last value, both stripped, values without a pair of quotes around them.

    Options: `separator` (default a run of white space), `comment` (default `#`, at the start of a line),
    `lower_keys`. A line without separator is a key with an empty value.
    """
    separator = str(options.get("separator", " ")).strip(" ") or None
    marks = tuple(str(options.get("comment", "#")))
    found: dict[str, str] = {}
    for line in text.split("\n"):
        stripped = line.strip()
        if stripped and not stripped.startswith(marks):
            key, value = _pair(stripped, separator)
            found[key.lower() if options.get("lower_keys") else key] = value
    return found


def _pair(line: str, separator: str | None) -> tuple[str, str]:
    key, *rest = line.split(separator, 1)
    return key.strip(), _unquoted(rest[0].strip() if rest else "")


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
