"""Explanations as JSON shows them, bounded; keys stay, more may be added."""

from collections.abc import Mapping
from typing import Any

from sec_ops.detection.explaining.explanation import Explanation, Way
from sec_ops.detection.explaining.words import asked
from sec_ops.detection.naive import Judged
from sec_ops.detection.rule import All, Not, Selection, Test
from sec_ops.detection.values import Scalar

__all__ = ["explanation_document"]

_PARTS = 200
_VALUES = 20
_CHARACTERS = 2048


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """Return why a rule finds an event or doesn't: the judged tree of each way its log source is served."""
    return {
        "rule": explanation.rule.header.id,
        "found": explanation.found,
        "shape": explanation.shape or None,
        "cannot_fire": str(explanation.cannot) if explanation.cannot else None,
        "ways": [_way(each) for each in explanation.ways],
    }


def _way(way: Way) -> dict[str, Any]:
    return {
        "found": way.found,
        "source": [_node(part, way.written) for part in way.source],
        "condition": _node(way.condition, way.written),
    }


def _node(judged: Judged, written: Mapping[str, str]) -> dict[str, Any]:
    expression = judged.expression
    if isinstance(expression, Test):
        return {
            "is": "test",
            "holds": judged.held,
            "field": expression.field or None,
            "field_in_rule": written.get(expression.field, expression.field) or None,
            "asks": str(asked(expression.operand)),
            "values": [{"field": name, "value": _short(value)} for name, value in judged.values[:_VALUES]],
            "given_up": judged.given_up,
        }
    parts = [_node(part, written) for part in judged.parts[:_PARTS]]
    node = {"holds": judged.held, "parts": parts, "parts_left_out": len(judged.parts) - len(parts)}
    if isinstance(expression, Selection):
        return {"is": "selection", "name": expression.name, **node}
    if isinstance(expression, Not):
        return {"is": "not", **node}
    return {"is": "all" if isinstance(expression, All) else "any", **node}


def _short(value: Scalar) -> Scalar:
    return value[:_CHARACTERS] if isinstance(value, str) else value
