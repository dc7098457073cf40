"""Which shape an event has, by the names in it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sec_ops.detection.mapping.shape import Shape

__all__ = ["flat_shape", "recognised"]


def recognised(shapes: Sequence[Shape], event: Mapping[str, Any]) -> Shape | None:
    """Return the first shape whose names the event has, whole or nested, or None."""
    for shape in shapes:
        if any(all(_has(event, name) for name in names) for names in shape.content.recognise):
            return shape
    return None


def flat_shape(shapes: Sequence[Shape], names: Collection[str]) -> Shape | None:
    """Return the shape that every flat event with these names has; None when that takes a look into its values."""
    for shape in shapes:
        for wanted in shape.content.recognise:
            if all(name in names for name in wanted):
                return shape if shape.content.flatten == "dotted" else None
            if all(name in names or _begins(names, name) for name in wanted):
                return None
    return None


def _has(event: Mapping[str, Any], name: str) -> bool:
    if name in event:
        return True
    value: Any = event
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def _begins(names: Collection[str], name: str) -> bool:
    return name.partition(".")[0] in names
