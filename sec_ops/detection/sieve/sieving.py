"""What becomes of lines before rules are asked: events some rule may find, events no rule finds, and what is no event.

A sieve may let through more than is found, never less: the matcher judges what comes through.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["Sieve", "Sieved", "event_of", "parsed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieved:
    """Lines after a sieve: events with the places of their lines, how many more were events, places of the others.

    Events are JSON objects; `others` are all lines that are none, broken and blank ones among them.
    """

    events: Sequence[Mapping[str, Any]]
    places: Sequence[int]
    quiet: int = 0
    others: Sequence[int] = ()


Sieve = Callable[[Sequence[bytes]], Sieved]


def parsed(lines: Sequence[bytes]) -> Sieved:
    """Let every event through: the sieve that asks no rule."""
    try:
        events = list(map(orjson.loads, lines))
    except orjson.JSONDecodeError:
        return _one_by_one(lines)
    if set(map(type, events)) <= {dict}:
        return Sieved(events=events, places=range(len(events)))
    return _one_by_one(lines)


def _one_by_one(lines: Sequence[bytes]) -> Sieved:
    read = [(place, event_of(line)) for place, line in enumerate(lines)]
    found = [(place, event) for place, event in read if event is not None]
    return Sieved(
        events=[event for _, event in found],
        places=[place for place, _ in found],
        others=[place for place, event in read if event is None],
    )


def event_of(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a line is, or None."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if type(found) is dict else None
