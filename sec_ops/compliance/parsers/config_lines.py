"""The lines of a configuration file that mean something."""

from collections.abc import Mapping
from typing import Any

OPTIONS = frozenset({"comment"})


def parse(text: str, options: Mapping[str, Any]) -> list[str]:
    """Return the lines, stripped, without blank ones and comments (option `comment`, default `#`)."""
    marks = tuple(str(options.get("comment", "#")))
    stripped = (line.strip() for line in text.split("\n"))
    return [line for line in stripped if line and not line.startswith(marks)]
