"""A field that events call by several names."""

from datetime import UTC
from typing import Any

import pytest

from sec_ops.detection.mapping.rewriting import renamed_fields
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import ANY_MANY, All, Exists, Expression, Glob, Not, Null, Test

NAMES = {"uri": ("original", "path")}


def holds(text: str) -> Test:
    return Test("uri", Glob((ANY_MANY, text, ANY_MANY)))


@pytest.mark.parametrize(
    ("asked", "event", "found"),
    [
        (holds("x"), {"path": "ax"}, True),
        (holds("x"), {"original": "b", "path": "ax"}, True),
        (holds("x"), {"original": "b"}, False),
        (Not(holds("x")), {"original": "b", "path": "ax"}, False),
        (All((holds("x"), holds("y"))), {"original": "xy"}, True),
        (All((holds("x"), holds("y"))), {"original": "x", "path": "y"}, False),
        (Test("uri", Null()), {}, True),
        (Test("uri", Null()), {"path": "x"}, False),
        (Test("uri", Exists(wanted=False)), {"original": "x"}, False),
        (Test("uri", Exists(wanted=False)), {"other": "x"}, True),
        (Test("uri", Exists(wanted=True)), {"path": "x"}, True),
        (Not(Test("uri", Null())), {"path": "x"}, True),
    ],
)
def test_one_name_is_enough_and_nothing_is_none_of_them(asked: Expression, event: dict[str, Any], found: bool) -> None:
    assert finds(renamed_fields(asked, NAMES), event, UTC) is found
