"""Nested maps as dotted names, as Elasticsearch sees them: a list of maps becomes a list under each of its names."""

from collections.abc import Mapping
from typing import Any, Final

from sec_ops.siem.parse.conform import written

__all__ = ["DEPTH_BOUND", "FIELDS_BOUND", "NAME_BOUND", "OVERFLOW", "flatten"]

DEPTH_BOUND: Final = 20
FIELDS_BOUND: Final = 1_000
NAME_BOUND: Final = 300
OVERFLOW: Final = "sec_ops.overflow"
"""Holds, as JSON texts `{"name": value}`, what lies past the bounds of an event's fields and their names' length."""


def flatten(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return dotted names to single values or lists of them, without nulls and empty lists; bounded, nothing is lost.

    What lies deeper than `DEPTH_BOUND` is kept as JSON text under its name.
    """
    flat: dict[str, Any] = {}
    rest: list[str] = []
    for name, value in record.items():
        _put(flat, rest, name, value, 1)
    if rest:
        flat[OVERFLOW] = rest
    return flat


def _put(flat: dict[str, Any], rest: list[str], name: str, value: Any, depth: int) -> None:  # noqa: ANN401
    kind = type(value)
    if value is None or value == {}:
        return
    if len(name) > NAME_BOUND:
        rest.append(written({name: value}))
    elif kind is dict and depth < DEPTH_BOUND:
        for key, inner in value.items():
            _put(flat, rest, f"{name}.{key}", inner, depth + 1)
    elif kind is list:
        _put_list(flat, rest, name, value, depth)
    else:
        _add(flat, rest, name, written(value) if kind is dict else value)


def _put_list(flat: dict[str, Any], rest: list[str], name: str, values: list[Any], depth: int) -> None:
    for each in values:
        if type(each) is dict or type(each) is list:
            _put(flat, rest, name, each if depth < DEPTH_BOUND else written(each), depth + 1)
        elif each is not None:
            _add(flat, rest, name, each)


def _add(flat: dict[str, Any], rest: list[str], name: str, value: Any) -> None:  # noqa: ANN401
    there = flat.get(name)
    if there is None:
        if len(flat) >= FIELDS_BOUND or len(name) > NAME_BOUND:
            rest.append(written({name: value}))
        else:
            flat[name] = value
    elif type(there) is list:
        there.append(value)
    else:
        flat[name] = [there, value]
