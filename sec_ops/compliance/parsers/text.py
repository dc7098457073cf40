"""The output as it is, without white space at its end."""

from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()


def parse(text: str, options: Mapping[str, Any]) -> str:  # noqa: ARG001 - one signature for all parsers
    """Return `text` without white space at its end."""
    return text.rstrip()
