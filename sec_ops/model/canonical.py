"""Canonical JSON: the one spelling of a value that is hashed and signed (RFC 8785 without floats)."""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["canonical_json", "canonical_line"]


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return `value` as UTF-8 JSON with sorted keys and no white space.

    Keys sort by code point, which equals RFC 8785's UTF-16 order for every key this project uses (ASCII).
    Raises TypeError for floats (a spelling of a float is not unique) and for anything JSON has no word for.
    """
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def canonical_line(value: Mapping[str, Any]) -> bytes:
    """Return canonical JSON with its line end: one line of a log."""
    return canonical_json(value) + b"\n"


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("floats have no canonical spelling")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
