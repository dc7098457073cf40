"""A list of lines."""

from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()


def parse(text: str, options: Mapping[str, Any]) -> list[str]:  # noqa: ARG001 - one signature for all parsers
    """Return the lines that aren't blank, stripped."""
    return [stripped for line in text.split("\n") if (stripped := line.strip())]
