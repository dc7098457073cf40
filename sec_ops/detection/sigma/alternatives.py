"""Conditions of temporal correlations in words: which rules have to find something together, and which must not."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    SigmaRuleReference,
)

from sec_ops.detection.rule import Together
from sec_ops.detection.sigma.faults import RuleFault
from sec_ops.model.messages import message

__all__ = ["alternatives_of"]

ALTERNATIVES_BOUND: Final = 64

_Pair = tuple[frozenset[str], frozenset[str]]
"""Rules that have to be there, and those that must not."""


def alternatives_of(
    condition: CorrelationConditionItem | SigmaRuleReference, rules: Sequence[str]
) -> tuple[Together, ...]:
    """Return the ways in which a condition holds, with the rules in their order; raises RuleFault."""
    pairs = _shortest(_pairs(condition, wanted=True))
    if not pairs:
        raise RuleFault(message("the condition never holds"))
    if not all(there for there, _ in pairs):
        raise RuleFault(message("that a rule finds nothing is only noticed beside one that finds something"))
    return tuple(
        Together(
            rules=tuple(rule for rule in rules if rule in there), without=tuple(rule for rule in rules if rule in gone)
        )
        for there, gone in pairs
    )


def _pairs(item: CorrelationConditionItem | SigmaRuleReference, *, wanted: bool) -> list[_Pair]:
    if isinstance(item, SigmaRuleReference):
        name = frozenset((item.reference,))
        return [(name, frozenset()) if wanted else (frozenset(), name)]
    if isinstance(item, CorrelationConditionNOT):
        return _pairs(item.args[0], wanted=not wanted)
    parts = [_pairs(part, wanted=wanted) for part in item.args]
    if isinstance(item, CorrelationConditionAND) is not wanted:
        return _bounded(pair for part in parts for pair in part)
    found: list[_Pair] = [(frozenset(), frozenset())]
    for part in parts:
        found = _bounded((one[0] | other[0], one[1] | other[1]) for one, other in product(found, part))
    return found


def _bounded(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Return pairs that can hold, each once; raises RuleFault when they are too many."""
    found = list(dict.fromkeys(pair for pair in pairs if pair[0].isdisjoint(pair[1])))
    if len(found) > ALTERNATIVES_BOUND:
        raise RuleFault(message("the condition has more than {bound} alternatives", bound=ALTERNATIVES_BOUND))
    return found


def _shortest(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Return the pairs without those that ask more than another."""
    return [
        pair
        for pair in pairs
        if not any(other != pair and other[0] <= pair[0] and other[1] <= pair[1] for other in pairs)
    ]
