"""Modes and owners of files, as `stat -c '%a %U %G %n'` writes them."""

import re
from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()
_LINE = re.compile(r"([0-7]{1,6}) (\S+) (\S+) (.+)")


def parse(text: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG001 - one signature for all parsers
    """Return maps of `mode` (integer), `owner`, `group`, `path`; raises ValueError naming the first odd line."""
    return [_entry(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _entry(number: int, line: str) -> dict[str, Any]:
    parts = _LINE.fullmatch(line)
    if not parts:
        raise ValueError(f"line {number} is not: mode owner group path")
    return {"mode": int(parts[1], 8), "owner": parts[2], "group": parts[3], "path": parts[4]}
