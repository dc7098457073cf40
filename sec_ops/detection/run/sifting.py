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

__all__ = ["Held", "Judged", "Numbering", "Sieve", "Sifted", "Way"]

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
class Judged:
    """The values of a field by the tests they pass, and the tests that a field without a value passes."""

    absent: _Passed
    by_passed: Mapping[_Passed, Sequence[Held]]


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers of a field's values; `passed[number]` are the tests they pass, of number 0 those that nothing passes."""

    numbers: Mapping[Held, int]
    passed: Sequence[_Passed]


@dataclass(frozen=True, slots=True)
class Sifted:
    """The rules, by place, that find the events of a group; `unsure` when only the events themselves tell all."""

    rules: tuple[int, ...]
    unsure: bool


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

    def judged(self, name: str, values: Iterable[Held]) -> Judged:
        """Return what values of a field pass."""
        by_passed: dict[_Passed, list[Held]] = {}
        for value in values:
            by_passed.setdefault(self._of(name, value), []).append(value)
        return Judged(self._of(name, None), by_passed)

    def numbered(self, judged: Judged, asked: frozenset[int]) -> Numbering:
        """Return numbers for those values that pass another of the tests asked than no value does."""
        known = {judged.absent & asked: 0}
        numbers: dict[Held, int] = {}
        for passed, values in judged.by_passed.items():
            number = known.setdefault(passed & asked, len(known))
            if number:
                numbers |= dict.fromkeys(values, number)
        return Numbering(numbers, tuple(known))

    def found(self, way: Way, passed: Iterable[_Passed]) -> Sifted:
        """Return which rules find events whose other values pass these tests, and whether more may."""
        every = way.passed.union(*passed)
        known = Known(every, self._open)
        rules: set[int] = set()
        unsure = False
        for entry in chain(way.always, *(way.by_test.get(test, ()) for test in every)):
            if entry.rule not in rules:
                held = holds(entry.condition, known)
                unsure = unsure or held is None
                rules.update((entry.rule,) if held else ())
        return Sifted(tuple(sorted(rules)), unsure)

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
