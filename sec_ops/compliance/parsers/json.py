"""JSON."""

import json
from collections.abc import Mapping
from typing import Any

OPTIONS: frozenset[str] = frozenset()


def parse(text: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401, ARG001 - any JSON value; one signature
    """Return the value; raises ValueError when the output isn't JSON or has numbers JSON doesn't know."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
