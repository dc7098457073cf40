"""One whole number."""

from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()


def parse(text: str, options: Mapping[str, Any]) -> int:  # noqa: ARG001 - one signature for all parsers
    """Return the number; raises ValueError when the output is anything else or beyond 64 bits."""
    word = text.strip()
    digits = word.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise ValueError("not a whole number")
    return int(word)
