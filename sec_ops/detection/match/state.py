"""What an engine remembers: memos, hit sets, routes. Over its budget it is thrown away as a whole and begun anew."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property, partial
from typing import Final

from sec_ops.detection.match.field_tests import FieldTests, KeywordTests, is_of_absent
from sec_ops.detection.match.memo import Budget, HitSets, Memo
from sec_ops.detection.match.numbered import NumberedRules
from sec_ops.detection.match.patience import Searches
from sec_ops.detection.match.route import Route, SetMemo, routed
from sec_ops.detection.match.varied import KeywordMemo, Kind, Skeletons, Turn
from sec_ops.detection.rule import KEYWORD, Operand

__all__ = ["State", "Tests"]

OTHERS_BOUND: Final = 1_000
"""So many fields that only keywords are looked for in have memos of their own."""


class Tests(dict[str, FieldTests]):
    """The tests of fields by name, made ready when first asked for; keywords are tests of every field."""

    def __init__(self, rules: NumberedRules, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone
        self.searches = Searches()
        self._absent: dict[str, set[int]] = {}
        self._by_field: dict[str, list[tuple[int, Operand]]] = {}
        for number, test in enumerate(rules.tests):
            self._by_field.setdefault(test.field, []).append((number, test.operand))
            if is_of_absent(test.operand):
                self._absent.setdefault(test.field, set()).add(number)
        self._keywords = self._by_field.pop(KEYWORD, [])
        self.keywords = frozenset(number for number, _ in self._keywords)
        self.of_routers = frozenset(number for number, test in enumerate(rules.tests) if test.field in rules.routers)

    def __missing__(self, name: str) -> FieldTests:
        """Make a field's tests ready."""
        own = self._by_field.get(name, ())
        tests = self[name] = FieldTests(own, self._zone, self.searches, self._shared) if own else self._shared
        return tests

    @cached_property
    def _shared(self) -> KeywordTests:
        return KeywordTests(self._keywords, self._zone, self.searches)

    def absent(self, names: Collection[str]) -> frozenset[int]:
        """Return the tests that events without any other names pass."""
        return frozenset[int]().union(*(tests for name, tests in self._absent.items() if name not in names))

    def absent_of(self, name: str) -> frozenset[int]:
        """Return the tests of a field that events without it pass."""
        return frozenset(self._absent.get(name, ()))

    def skeletons(self, budget: Budget) -> Skeletons:
        """Return a memo of skeletons without a keyword."""
        return Skeletons((operand for _, operand in self._keywords), budget)


@dataclass(slots=True)
class State:
    """Everything that is remembered between events.

    `kinds` of fields are known by their values; `turn` is called when one looks like another kind.
    """

    rules: NumberedRules
    tests: Tests
    budget: Budget
    kinds: Mapping[str, Kind]
    turn: Turn
    hit_sets: HitSets = field(init=False)
    skeletons: Skeletons = field(init=False)
    _memos: dict[str, Memo] = field(default_factory=dict)
    _keyword_memos: dict[str, Memo] = field(default_factory=dict)
    _routes: dict[frozenset[int], Route] = field(default_factory=dict)
    _sets: SetMemo = field(default_factory=SetMemo)

    def __post_init__(self) -> None:
        self.hit_sets = HitSets(self.budget)
        self.skeletons = self.tests.skeletons(self.budget)

    def memo(self, name: str) -> Memo:
        """Return the memo of a field for all its tests."""
        known = self._memos.get(name)
        if known is None:
            known = self._memos[name] = Memo(self.tests[name], self.hit_sets, self.budget)
        return known

    def keyword_memo(self, name: str) -> Memo:
        """Return the memo of a field for keywords alone; beyond a bound fields share one."""
        if len(self._keyword_memos) > OTHERS_BOUND and name not in self._keyword_memos:
            name = KEYWORD
        known = self._keyword_memos.get(name)
        if known is None:
            turn = partial(self.turn, name) if name != KEYWORD else lambda _kind: None
            known = KeywordMemo(self.tests[KEYWORD], self.hit_sets, self.budget, self.skeletons, turn)
            self._keyword_memos[name] = known
        return known

    def route(self, passed: frozenset[int]) -> Route:
        """Return what is left when these tests of the first fields pass and no other tests of them."""
        known = self._routes.get(passed)
        if known is None:
            known = self._routes[passed] = routed(self.rules, passed, self._sets)
        return known
