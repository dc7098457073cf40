"""Names and values gathered without losing any: a name that comes again has a list."""

from typing import Any

__all__ = ["keep"]


def keep(found: dict[str, Any], name: str, value: str) -> None:
    """Add a value under its name, unless it is empty."""
    before = found.get(name)
    if not value:
        return
    if before is None:
        found[name] = value
    elif isinstance(before, list):
        before.append(value)
    else:
        found[name] = [before, value]
