"""Rules over columns: which groups of stored events may hold one that a rule finds, decided once for each group.

What a group's values pass is known by field, as in the matcher; tests that need the whole event (other fields, the
event's own time) stay open, and their groups count as possible. What is possible is then judged event by event, so
columns never decide more than what needn't be looked at.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sec_ops.detection.events import Value
from sec_ops.detection.match.conditions import Known, holds, tests_of
from sec_ops.detection.match.engine import Engine
from sec_ops.detection.match.numbered import Entry
from sec_ops.detection.rule import KEYWORD, Glob, Test
from sec_ops.detection.values import Scalar, scalars

__all__ = ["Held", "Numbering", "Sieve", "Way"]

_REMEMBERED: Final = 500_000
_LONG: Final = 4_096
_NUMBER: Final = frozenset("0123456789/-")
"""What numbers of stored events and of their records are written with."""
_Passed = frozenset[int]
Held = Scalar | tuple[Scalar, ...]
"""What a field holds in one event: a value, or a list of values."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """What is left of the rules for events whose first fields pass the same: entries by what they need, what they read.

    `always` are entries that need nothing; `reads` are the fields that decide, and with `worded` all that hold words,
    for keywords may stand in any.
    """

    passed: _Passed
    by_test: Mapping[int, Sequence[Entry]]
    always: Sequence[Entry]
    reads: frozenset[str]
    tests: frozenset[int]
    worded: bool


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers of a field's values; `passed[number]` are the tests they pass, of number 0 those that nothing passes."""

    numbers: Mapping[Held, int]
    passed: Sequence[_Passed]


class Sieve:
    """The rules of an engine over columns; `apart` are fields whose values are as many as events."""

    def __init__(self, engine: Engine, apart: Collection[str]) -> None:
        self._engine = engine
        self.first = tuple(sorted(engine.rules.routers))
        """The fields that events are told apart by first."""
        self._apart = frozenset({*apart, KEYWORD}) - engine.rules.routers
        self._keywords = engine.tests.keywords
        tests = enumerate(engine.rules.tests)
        self._open = frozenset(
            at for at, test in tests if test.field in self._apart - {KEYWORD} or _may_be_number(test)
        )
        self._ways: dict[_Passed, Way | None] = {}
        self._passed: dict[tuple[str, object, Value], _Passed] = {}

    def way(self, values: Sequence[Value]) -> Way | None:
        """Return what is left for the values of the first fields; None when no rule can find such an event."""
        passed = frozenset().union(*map(self._of, self.first, values))
        if passed not in self._ways:
            self._ways[passed] = self._left(passed)
        return self._ways[passed]

    def numbered(self, name: str, values: Iterable[Held], ways: Iterable[Way]) -> Numbering:
        """Return numbers for those values of a field that pass something the ways ask for."""
        asked = frozenset().union(*(way.tests for way in ways))
        known = {self._of(name, None) & asked: 0}
        numbers: dict[Held, int] = {}
        for value in values:
            number = known.setdefault(self._of(name, value) & asked, len(known))
            if number:
                numbers[value] = number
        return Numbering(numbers, tuple(known))

    def may_find(self, way: Way, passed: Iterable[_Passed]) -> bool:
        """Return whether a rule may find events whose other values pass these tests."""
        every = way.passed.union(*passed)
        known = Known(every, self._open)
        met = (entry for test in every for entry in way.by_test.get(test, ()))
        return any(holds(entry.condition, known) is not False for entry in chain(met, way.always))

    def _left(self, passed: _Passed) -> Way | None:
        rules = self._engine.rules
        left = rules.left(passed)
        by_test: dict[int, list[Entry]] = {}
        always = []
        for entry in left:
            needs = [need for need in rules.later(entry) if need.tests.isdisjoint(self._open)]
            if needs:
                for test in min(needs, key=lambda need: need.price).tests:
                    by_test.setdefault(test, []).append(entry)
            else:
                always.append(entry)
        reads = frozenset().union(*(entry.reads for entry in left)) - self._apart - frozenset(self.first)
        tests = frozenset(test for entry in left for test in tests_of(entry.condition))
        worded = not tests.isdisjoint(self._keywords - self._open)
        return Way(passed, by_test, always, reads, tests, worded) if left else None

    def _of(self, name: str, value: Value) -> _Passed:
        """Return the tests of a field that a value passes, those that stay open left out."""
        key = (name, type(value), value)
        known = self._passed.get(key)
        if known is None:
            known = self._judged(name, value)
            if len(self._passed) >= _REMEMBERED:
                self._passed.clear()
            if not isinstance(value, str) or len(value) <= _LONG:
                self._passed[key] = known
        return known

    def _judged(self, name: str, value: Value) -> _Passed:
        tests = self._engine.tests[name if name in self._engine.rules.fields else KEYWORD]
        each = [tests.passed(scalar)[0] for scalar in scalars(value)]
        return (frozenset().union(*each) if each else tests.absent) - self._open


def _may_be_number(test: Test) -> bool:
    """Return whether a keyword may be found in a number, which columns of words don't tell."""
    if test.field != KEYWORD:
        return False
    parts = test.operand.parts if isinstance(test.operand, Glob) else ()
    return not any(isinstance(part, str) and not _NUMBER.issuperset(part) for part in parts)
