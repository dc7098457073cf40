"""Time and entity of an event, by the names of its shape."""

from typing import Any

import pytest

from sec_ops.content.library import Library
from sec_ops.detection.events import Entity
from sec_ops.detection.mapping.shape import load_shapes
from sec_ops.detection.run.occurrences import entity_of, moment_of

SHAPES = {shape.id: shape.content for shape in load_shapes(Library.open(None))}
AT = 1_577_934_245_678_000


@pytest.mark.parametrize(
    ("shape", "event", "expected"),
    [
        ("ecs", {"@timestamp": AT}, AT),
        ("ecs", {"@timestamp": "2020-01-02T03:04:05.678Z"}, AT),
        ("ecs", {"@timestamp": "2020-01-02T11:04:05.678+08:00"}, AT),
        ("windows_flat", {"SystemTime": "2020-01-02T03:04:05.6780001Z"}, AT),
        ("windows_flat", {"SystemTime": "NoneZ", "UtcTime": "2020-01-02 03:04:05.678"}, AT),
        ("windows_flat", {"SystemTime": ["2020-01-02T03:04:05.678Z"]}, AT),
        ("windows_flat", {"SystemTime": "yesterday"}, None),
        ("windows_flat", {"SystemTime": True}, None),
        ("ecs", {"@timestamp": 10**40}, None),
        ("ecs", {"@timestamp": None}, None),
        ("ecs", {}, None),
    ],
)
def test_times(shape: str, event: dict[str, Any], expected: int | None):
    assert moment_of(event, SHAPES[shape]) == expected


@pytest.mark.parametrize(
    ("shape", "event", "expected"),
    [
        (
            "ecs",
            {"host.name": "web-1", "source.ip": ["10.0.0.1", "10.0.0.2"]},
            Entity(host="web-1", address="10.0.0.1"),
        ),
        (
            "windows_flat",
            {"Computer": "pc", "TargetUserName": "-", "SubjectUserName": "li"},
            Entity(host="pc", user="li"),
        ),
        ("windows_flat", {"Computer": None, "TargetUserName": []}, Entity()),
    ],
)
def test_entities(shape: str, event: dict[str, Any], expected: Entity):
    assert entity_of(event, SHAPES[shape]) == expected
