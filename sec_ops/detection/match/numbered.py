"""The rules of one shape, their tests numbered: what is the same for all events, and costs nothing while they pass."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sec_ops.detection.mapping.rewriting import tests_of
from sec_ops.detection.match.conditions import Condition, Need, compiled, first_needs, needs
from sec_ops.detection.rule import (
    ANY_MANY,
    KEYWORD,
    AnyOf,
    Exists,
    Expression,
    Glob,
    Null,
    Number,
    Operand,
    Reference,
    Regex,
    Test,
    Truth,
)

__all__ = ["Entry", "LaterNeed", "NumberedRules"]

ROUTERS_BOUND: Final = 4
ROUTER_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class LaterNeed:
    """A need apart from the fields that events are told apart by, its fields, and how often it may be met."""

    tests: Need
    fields: frozenset[str]
    price: float


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One way for a rule to find an event: the rule's place in the list, its condition, the fields it reads."""

    rule: int
    condition: Condition
    reads: frozenset[str]


class NumberedRules:
    """All entries of a shape, and every distinct test by number.

    `routers` are the fields that events are told apart by first; `by_rule` are the entries of a rule's place, and
    `in_sight` those needs of an entry that lie in one field and are quickly told.
    """

    def __init__(self, rules: Iterable[tuple[int, Expression]]) -> None:
        self.tests: list[Test] = []
        self.field_of: list[str] = []
        self._numbers: dict[Test, int] = {}
        self._asked: list[int] = []
        self._later: dict[Entry, tuple[LaterNeed, ...]] = {}
        entries = [Entry(*each) for rule, whole in rules for each in self._read(rule, whole)]
        self.entries = tuple(entries)
        self.by_rule: Mapping[int, Sequence[Entry]] = _by_rule(entries)
        self._weights = [_weight(test.operand) * (1 + self._asked[at]) for at, test in enumerate(self.tests)]
        self.fields = frozenset[str]().union(*(entry.reads for entry in entries))
        firsts = {entry: first_needs(entry.condition, self.field_of) for entry in entries}
        self.in_sight: Mapping[Entry, tuple[Need, ...]] = firsts
        self.routers = self._routers(firsts)
        self._firsts = {entry: tuple(filter(self._routes, needs)) for entry, needs in firsts.items()}
        self._by_test = self._indexed()
        self._by_field: dict[str, list[int]] = {}
        for test, field in enumerate(self.field_of):
            self._by_field.setdefault(field, []).append(test)

    def left(self, passed: frozenset[int]) -> list[Entry]:
        """Return the entries that may hold when these tests of the routers pass and no others of them."""
        some = {place for test in passed for place in self._by_test.get(test, ())}
        places = sorted(some.union(self._by_test.get(None, ())))
        found = (self.entries[place] for place in places)
        return [entry for entry in found if all(not need.isdisjoint(passed) for need in self._firsts[entry])]

    def later(self, entry: Entry) -> tuple[LaterNeed, ...]:
        """Return alternative needs of an entry in other fields than the routers, none when it may hold without."""
        known = self._later.get(entry)
        if known is None:
            found = ((need, self.fields_of(need)) for need in self.needs(entry))
            apart = (pair for pair in found if pair[1].isdisjoint(self.routers))
            known = self._later[entry] = tuple(LaterNeed(need, fields, self._price(need)) for need, fields in apart)
        return known

    def tests_of(self, fields: Iterable[str]) -> frozenset[int]:
        """Return the tests of fields."""
        return frozenset[int]().union(*(self._by_field.get(field, ()) for field in fields))

    def needs(self, entry: Entry) -> tuple[Need, ...]:
        """Return all alternative needs of an entry."""
        return needs(entry.condition, self.field_of, self._price)

    def fields_of(self, need: Need) -> frozenset[str]:
        """Return the fields of a need."""
        return frozenset([self.field_of[test] for test in need])

    def _price(self, need: Need) -> float:
        return sum([self._weights[test] for test in need])

    def _read(self, rule: int, whole: Expression) -> Iterator[tuple[int, Condition, frozenset[str]]]:
        for part in whole.parts if isinstance(whole, AnyOf) else (whole,):
            yield rule, compiled(part, self._number), frozenset(_reads(part))

    def _routes(self, need: Need) -> bool:
        return self.fields_of(need) <= self.routers

    def _indexed(self) -> dict[int | None, list[int]]:
        """Return the places of entries by the tests of their rarest first need; by None those that have none."""
        found: dict[int | None, list[int]] = {}
        for place, entry in enumerate(self.entries):
            firsts = self._firsts[entry]
            for test in min(firsts, key=self._price) if firsts else (None,):
                found.setdefault(test, []).append(place)
        return found

    def _number(self, test: Test) -> int:
        number = self._numbers.get(test)
        if number is None:
            number = self._numbers[test] = len(self.tests)
            self.tests.append(test)
            self.field_of.append(test.field)
            self._asked.append(0)
        self._asked[number] += 1
        return number

    def _routers(self, firsts: Mapping[Entry, Iterable[Need]]) -> frozenset[str]:
        """Return the fields that most rules want one of few values of: what events are told apart by first."""
        counted: Counter[str] = Counter()
        for found in firsts.values():
            for need in found:
                if all(_is_value(self.tests[test].operand) for test in need):
                    counted.update(self.fields_of(need) - {KEYWORD})
        least = max(1, ROUTER_SHARE * len(firsts))
        return frozenset(field for field, count in counted.most_common(ROUTERS_BOUND) if count >= least)


def _by_rule(entries: Iterable[Entry]) -> defaultdict[int, list[Entry]]:
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.rule].append(entry)
    return found


def _reads(expression: Expression) -> Iterable[str]:
    for test in tests_of(expression):
        yield test.field
        if isinstance(test.operand, Reference):
            yield test.operand.other


def _is_value(operand: Operand) -> bool:
    return isinstance(operand, Number | Truth) or (isinstance(operand, Glob) and ANY_MANY not in operand.parts)


def _weight(operand: Operand) -> float:
    """Return how often a test is expected to pass, by its kind: experience with recorded events, in no unit."""
    match operand:
        case Glob(parts):
            letters = sum(len(part) for part in parts if isinstance(part, str))
            return max(0.5, 12 - letters) if letters else 1000
        case Regex():
            return 8
        case Null() | Exists():
            return 1000
    return 4
