"""Everything that judges a rule: each must say the same of every case."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

from sec_ops.detection import naive
from sec_ops.detection.events import FlatEvent
from sec_ops.detection.rule import Rule

__all__ = ["EVALUATORS", "Evaluator"]

Evaluator = Callable[[Rule, FlatEvent, tzinfo], bool]


def _naively(rule: Rule, event: FlatEvent, zone: tzinfo) -> bool:
    return naive.finds(rule.condition, event, zone)


EVALUATORS: Final[dict[str, Evaluator]] = {"naive": _naively}
