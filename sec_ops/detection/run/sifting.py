"""Rules over columns: which groups of stored events may hold one that a rule finds, decided once for each group.

What a group's values pass is known by field, as in the matcher; tests that need the whole event (fields that may hold
the same, the event's own time) stay open, and their groups count as possible. What is possible is then judged event by
event, so columns never decide more than what needn't be looked at.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from sec_ops.detection.events import Value
from sec_ops.detection.match.conditions import Known, holds, references_of, tests_of
from sec_ops.detection.match.engine import Engine
from sec_ops.detection.match.field_tests import FieldTests
from sec_ops.detection.match.numbered import Entry
from sec_ops.detection.match.required import longest_text
from sec_ops.detection.rule import KEYWORD, Glob, Reference, Test
from sec_ops.detection.values import Scalar, scalars

__all__ = ["Held", "Judged", "Narrow", "Numbering", "Pair", "Sieve", "Sifted", "Way"]

_REMEMBERED: Final = 100_000_000
"""So many characters of values are remembered, `_ENTRY` counted for what stands beside each."""
_ENTRY: Final = 200
_LONG: Final = 4_096
_NUMBER: Final = frozenset("0123456789/-")
"""What numbers of stored events and of their records are written with."""
_Passed = frozenset[int]
_Key = tuple[str, type, Value]
"""A field and a value, with its type: `True` and 1 are one key."""
Pair = tuple[str, str]
"""Two fields that may hold the same."""
Held = Scalar | tuple[Scalar, ...]
"""What a field holds in one event: a value, or a list of values."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """What is left of the rules for events whose first fields pass the same.

    `reads` are the fields that decide; words of `keywords` may stand in any, with `whole` in numbers as well.
    """

    passed: _Passed
    entries: Sequence[Entry]
    reads: frozenset[str]
    keywords: frozenset[int]
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class Narrow:
    """What is left of a way by the values that are there: entries by what they need, `always` those that need nothing.

    `tests` are those that decide, `pairs` fields of which one is to equal the other.
    """

    passed: _Passed
    by_test: Mapping[int, Sequence[Entry]]
    always: Sequence[Entry]
    tests: frozenset[int]
    pairs: frozenset[Pair]


@dataclass(frozen=True, slots=True)
class Judged:
    """The values of a field by the tests they pass, and the tests that a field without a value passes."""

    absent: _Passed
    by_passed: Mapping[_Passed, Sequence[Held]]

    @property
    def every(self) -> _Passed:
        """Return the tests that any value passes."""
        return frozenset().union(*self.by_passed)


@dataclass(frozen=True, slots=True)
class Numbering:
    """Numbers of a field's values; `passed[number]` are the tests they pass, of number 0 those that nothing passes.

    From number `least` on they pass a test that some rule needs.
    """

    numbers: Mapping[Held, int]
    passed: Sequence[_Passed]
    least: int


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
        self._passed: dict[_Key, _Passed] = {}
        self._room = _REMEMBERED

    def way(self, values: Sequence[Value]) -> Way | None:
        """Return what is left for the values of the first fields; None when no rule can find such an event."""
        passed = frozenset().union(*map(self._of, self.first, values))
        if passed not in self._ways:
            self._ways[passed] = self._left(passed)
        return self._ways[passed]

    def judged(self, name: str, values: Iterable[Held]) -> Judged:
        """Return what values of a field pass."""
        every = list(values)
        texts = self._of_texts(name, [value for value in every if isinstance(value, str)])
        by_passed: dict[_Passed, list[Held]] = {}
        for value in every:
            passed = texts[value] if isinstance(value, str) else self._of(name, value)
            by_passed.setdefault(passed, []).append(value)
        return Judged(self._of(name, None), by_passed)

    def numbered(self, judged: Judged, asked: frozenset[int], needed: frozenset[int]) -> Numbering:
        """Return numbers for those values that pass another of the tests asked than no value does.

        Those that pass one of the tests needed have the highest.
        """
        absent = judged.absent & asked
        kinds = {passed & asked for passed in judged.by_passed} - {absent}
        ordered = [absent, *sorted(kinds, key=lambda passed: not passed.isdisjoint(needed))]
        known = {passed: number for number, passed in enumerate(ordered)}
        numbers: dict[Held, int] = {}
        for passed, values in judged.by_passed.items():
            if number := known[passed & asked]:
                numbers |= dict.fromkeys(values, number)
        least = next(
            (number for number, passed in enumerate(ordered) if number and not passed.isdisjoint(needed)), None
        )
        return Numbering(numbers, tuple(known), len(ordered) if least is None else least)

    def narrowed(self, way: Way, there: Mapping[int, float]) -> Narrow | None:
        """Return what is left of a way when no value passes other tests than those; None when nothing is.

        Of each test `there` says which share of its field's values passes it.
        """
        known = Known(way.passed, self._open.union(there))
        left = [entry for entry in way.entries if holds(entry.condition, known) is not False]
        by_test: dict[int, list[Entry]] = {}
        always = []
        for entry in left:
            needs = [need for need in self._engine.rules.later(entry) if need.tests.isdisjoint(self._open)]
            if needs:
                for test in min(needs, key=lambda need: sum(there.get(test, 0.0) for test in need.tests)).tests:
                    by_test.setdefault(test, []).append(entry)
            else:
                always.append(entry)
        tests = frozenset(test for entry in left for test in tests_of(entry.condition))
        pairs = frozenset(pair for entry in left for test in references_of(entry.condition) if (pair := _pair(test)))
        return Narrow(way.passed, by_test, always, tests, pairs) if left else None

    def found(self, narrow: Narrow, passed: Iterable[_Passed], apart: Collection[Pair] = ()) -> Sifted:
        """Return which rules find events whose other values pass these tests, and whether more may.

        Of the pairs `apart` is known that the fields don't hold the same.
        """
        every = narrow.passed.union(*passed)
        known = Known(every, self._open, lambda test: False if _pair(test) in apart else None)
        rules: set[int] = set()
        unsure = False
        for entry in chain(narrow.always, *(narrow.by_test.get(test, ()) for test in every)):
            if entry.rule not in rules:
                held = holds(entry.condition, known)
                unsure = unsure or held is None
                rules.update((entry.rule,) if held else ())
        return Sifted(tuple(sorted(rules)), unsure)

    def words(self, keywords: Iterable[int]) -> Sequence[str] | None:
        """Return texts, in lower case, one of which stands in every value that passes one of these tests; or None."""
        found = [longest_text(self._engine.rules.tests[test].operand) for test in keywords]
        return found if all(found) else None

    def _left(self, passed: _Passed) -> Way | None:
        left = self._engine.rules.left(passed)
        if not left:
            return None
        reads = frozenset().union(*(entry.reads for entry in left)) - self._apart - frozenset(self.first)
        keywords = self._keywords.intersection(test for entry in left for test in tests_of(entry.condition))
        return Way(passed, left, reads, keywords - self._open, bool(keywords & self._open))

    def _of(self, name: str, value: Value) -> _Passed:
        """Return the tests of a field that a value passes, those that stay open left out."""
        key = (name, type(value), value)
        known = self._passed.get(key)
        if known is None:
            known = self._judged(name, value)
            self._remember(key, known)
        return known

    def _of_texts(self, name: str, texts: Sequence[str]) -> Mapping[str, _Passed]:
        """Return the tests that texts pass, as `_of` does."""
        remembered = self._passed
        known = {text: passed for text in texts if (passed := remembered.get((name, str, text))) is not None}
        fresh = [text for text in texts if text not in known]
        for text, every in zip(fresh, self._tests(name).passed_by(fresh), strict=True):
            passed = known[text] = every - self._open
            self._remember((name, str, text), passed)
        return known

    def _remember(self, key: _Key, passed: _Passed) -> None:
        size = len(key[2]) if isinstance(key[2], str) else 1
        if size > _LONG:
            return
        self._room -= size + _ENTRY
        if self._room < 0:
            self._passed, self._room = {}, _REMEMBERED
        self._passed[key] = passed

    def _tests(self, name: str) -> FieldTests:
        return self._engine.tests[name if name in self._engine.rules.fields else KEYWORD]

    def _judged(self, name: str, value: Value) -> _Passed:
        tests = self._tests(name)
        each = [tests.passed(scalar)[0] for scalar in scalars(value)]
        return (frozenset().union(*each) if each else tests.absent) - self._open


def _pair(test: Test) -> Pair | None:
    """Return the fields that pass when they hold the same, in the order of their names."""
    if not isinstance(test.operand, Reference) or test.operand.place != "equals":
        return None
    one, other = sorted((test.field, test.operand.other))
    return one, other


def _may_be_number(test: Test) -> bool:
    """Return whether a keyword may be found in a number, which columns of words don't tell."""
    if test.field != KEYWORD:
        return False
    parts = test.operand.parts if isinstance(test.operand, Glob) else ()
    return not any(isinstance(part, str) and not _NUMBER.issuperset(part) for part in parts)
