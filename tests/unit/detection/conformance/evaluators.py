"""Everything that judges a rule: each must say the same of every case."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Final

import orjson

from sec_ops.detection import naive
from sec_ops.detection.events import FlatEvent
from sec_ops.detection.match.engine import Engine
from sec_ops.detection.rule import Rule
from sec_ops.detection.sigma.packing import packed, unpacked
from sec_ops.detection.sigma.reading import RuleSet

__all__ = ["EVALUATORS", "Evaluator"]

Evaluator = Callable[[Rule, FlatEvent, tzinfo], bool]


def _naively(rule: Rule, event: FlatEvent, zone: tzinfo) -> bool:
    return naive.finds(rule.condition, event, zone)


def _from_the_cache(rule: Rule, event: FlatEvent, zone: tzinfo) -> bool:
    kept = unpacked(orjson.loads(orjson.dumps(packed(RuleSet(rules=(rule,), correlations=(), refused=())))))
    return naive.finds(kept.rules[0].condition, event, zone)


def _fast(rule: Rule, event: FlatEvent, zone: tzinfo) -> bool:
    engine = Engine([(0, rule.condition)], zone)
    first, again = engine.found(event), engine.found(event)
    assert first.rules == again.rules
    return first.rules == (0,)


EVALUATORS: Final[dict[str, Evaluator]] = {"naive": _naively, "cached": _from_the_cache, "fast": _fast}
