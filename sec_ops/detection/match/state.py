"""What an engine remembers: memos, hit sets, routes. Over its budget it is thrown away as a whole and begun anew."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Final

from sec_ops.detection.match.field_tests import FieldTests
from sec_ops.detection.match.memo import Budget, HitSets, Memo
from sec_ops.detection.match.numbered import NumberedRules
from sec_ops.detection.match.route import Route, routed
from sec_ops.detection.match.varied import Skeletons
from sec_ops.detection.rule import KEYWORD, Glob, Operand

__all__ = ["State", "Tests"]

OTHERS_BOUND: Final = 1_000
"""So many fields that only keywords are looked for in have memos of their own."""


class Tests(dict[str, FieldTests]):
    """The tests of fields by name, made ready when first asked for; keywords are tests of every field."""

    def __init__(self, rules: NumberedRules, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone
        self._by_field: dict[str, list[tuple[int, Operand]]] = {}
        for number, test in enumerate(rules.tests):
            self._by_field.setdefault(test.field, []).append((number, test.operand))
        self._keywords = self._by_field.get(KEYWORD, [])
        self.keywords = frozenset(number for number, _ in self._keywords)
        self.of_routers = frozenset(number for number, test in enumerate(rules.tests) if test.field in rules.routers)
        self.can_skip = all(_has_text(operand) for _, operand in self._keywords)

    def __missing__(self, name: str) -> FieldTests:
        """Make a field's tests ready."""
        own = self._by_field.get(name, []) if name != KEYWORD else []
        tests = self[name] = FieldTests([*own, *self._keywords], self._zone)
        return tests

    def skeletons(self, budget: Budget) -> Skeletons:
        """Return a memo of skeletons without a keyword."""
        return Skeletons((operand for _, operand in self._keywords), budget)


def _has_text(operand: Operand) -> bool:
    return isinstance(operand, Glob) and any(isinstance(part, str) and part for part in operand.parts)


@dataclass(slots=True)
class State:
    """Everything that is remembered between events.

    `varied` are fields whose values never come twice; `turn_varied` is called with one that looks so.
    """

    rules: NumberedRules
    tests: Tests
    budget: Budget
    varied: frozenset[str]
    turn_varied: Callable[[str], None]
    hit_sets: HitSets = field(default_factory=HitSets)
    skeletons: Skeletons = field(init=False)
    _memos: dict[str, Memo] = field(default_factory=dict)
    _routes: dict[frozenset[int], Route] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.skeletons = self.tests.skeletons(self.budget)

    def memo(self, name: str) -> Memo:
        """Return the memo of a field; fields that no rule names may share one."""
        if name not in self.rules.fields and name not in self._memos and len(self._memos) > OTHERS_BOUND:
            name = KEYWORD
        known = self._memos.get(name)
        if known is None:
            many = None if name in self.rules.fields or not self.tests.can_skip else partial(self.turn_varied, name)
            known = self._memos[name] = Memo(self.tests[name], self.hit_sets, self.budget, many)
        return known

    def absent(self, names: Collection[str]) -> frozenset[int]:
        """Return the tests that events without any other names pass."""
        gone = [self.tests[name].absent for name in self.rules.nullable if name not in names]
        return frozenset().union(*gone)

    def route(self, passed: frozenset[int]) -> Route:
        """Return what is left when these tests of the first fields pass and no other tests of them."""
        known = self._routes.get(passed)
        if known is None:
            known = self._routes[passed] = routed(self.rules, passed)
        return known
