"""What is remembered of a group, as text that survives the process."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sec_ops.detection.correlate.group import Group, Sample
from sec_ops.detection.correlate.points import Point
from sec_ops.detection.events import Entity, Occurrence, Value

__all__ = ["Kept", "group_document", "group_of", "key_text"]

_EVENT_BYTES = 65_536
_TEXT_CHARACTERS = 1_024
_STANDARD = " "
"""What a text begins with that Python's own library wrote: orjson knows no integers above 64 bits and no half pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A group of a correlation: its key and what is remembered of it, both as JSON; an empty document: nothing.

    `digest` is the correlation's: what an earlier version of the rule remembered is worth nothing to a later one.
    """

    correlation: str
    digest: str
    key: str
    document: str


def key_text(key: Sequence[str]) -> str:
    """Return a group's key as text."""
    return _text(list(key))


def group_document(group: Group) -> str:
    """Return what is remembered of a group as JSON."""
    body = {
        "shown": list(group.shown),
        "points": [list(point) for point in group.points],
        "told": group.told,
        "judged_us": group.judged_us,
        "more_us": group.more_us,
        "ends": [[minute, _sample_document(sample)] for minute, sample in group.ends.items()],
        "touched_us": group.touched_us,
        "samples": {rule: [_sample_document(each) for each in kept] for rule, kept in group.samples.items()},
    }
    return _text(body)


def group_of(document: str) -> Group:
    """Return the group that a document tells of."""
    body = json.loads(document) if document.startswith(_STANDARD) else orjson.loads(document)
    group = Group(tuple(body["shown"]))
    group.points = [Point(*point) for point in body["points"]]
    group.told = body["told"]
    group.judged_us = body["judged_us"]
    group.more_us = body["more_us"]
    group.ends = {minute: _sample_of(sample) for minute, sample in body["ends"]}
    group.touched_us = body["touched_us"]
    group.samples = {rule: [_sample_of(each) for each in kept] for rule, kept in body["samples"].items()}
    return group


def _text(value: object) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:
        return _STANDARD + json.dumps(value, default=str)


def _sample_document(sample: Sample) -> list[Any]:
    rule, occurrence = sample
    entity = occurrence.entity
    event = _bounded(dict(occurrence.event))
    who = [entity.host, entity.user, entity.address]
    return [rule, event, occurrence.shape, occurrence.record, occurrence.time_us, who]


def _sample_of(body: list[Any]) -> Sample:
    rule, event, shape, record, time_us, (host, user, address) = body
    entity = Entity(host=host, user=user, address=address)
    return rule, Occurrence(event=event, shape=shape, record=record, time_us=time_us, entity=entity)


def _bounded(event: dict[str, Value]) -> dict[str, Value]:
    """Return a huge event with its long texts cut: its record still names the whole."""
    try:
        if len(_text(event)) <= _EVENT_BYTES:
            return event
    except RecursionError:
        return {name: value for name, value in list(event.items())[:1_000] if not isinstance(value, list)}
    return {name: _cut(value) for name, value in list(event.items())[:1_000]}


def _cut(value: Value) -> Value:
    if isinstance(value, str):
        return value[:_TEXT_CHARACTERS]
    if isinstance(value, int | float) or value is None:
        return value
    return [_cut(each) for each in value[:100]]
