"""The rules of one shape, their tests numbered: what is the same for all events, and costs nothing while they pass."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sec_ops.detection.mapping.rewriting import tests_of
from sec_ops.detection.match.conditions import Condition, Need, compiled, needs
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

__all__ = ["Entry", "NumberedRules"]

ROUTERS_BOUND: Final = 4
ROUTER_SHARE: Final = 0.05


Later = tuple[Need, frozenset[str], float]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One way for a rule to find an event: the rule's place in the list, its condition, what it reads and needs.

    `first_needs` are those of the fields that events are told apart by, `later_needs` alternatives in other fields,
    with those fields and a price.
    """

    rule: int
    expression: Expression
    condition: Condition
    reads: frozenset[str]
    needs: tuple[Need, ...]
    first_needs: tuple[Need, ...] = ()
    later_needs: tuple[Later, ...] = ()


class NumberedRules:
    """All entries of a shape, and every distinct test by number.

    `routers` are the fields that events are told apart by first, `nullable` those with a test that no value passes.
    """

    def __init__(self, rules: Iterable[tuple[int, Expression]]) -> None:
        self.tests: list[Test] = []
        self.field_of: list[str] = []
        self._numbers: dict[Test, int] = {}
        self._asked: list[int] = []
        read = [(rule, part, compiled(part, self._number)) for rule, whole in rules for part in _ways(whole)]
        self._weights = [_weight(test.operand) * (1 + self._asked[at]) for at, test in enumerate(self.tests)]
        found = [
            Entry(rule, part, condition, frozenset(_reads(part)), needs(condition, self.field_of, self.price))
            for rule, part, condition in read
        ]
        self.routers = self._routers(found)
        self.entries = tuple(self._parted(entry) for entry in found)
        self.fields = frozenset(field for entry in found for field in entry.reads)
        self.nullable = frozenset(test.field for test in self.tests if isinstance(test.operand, Null | Exists))

    def price(self, need: Need) -> float:
        """Return how often a need is expected to be met."""
        return sum(self._weights[test] for test in need)

    def fields_of(self, need: Need) -> frozenset[str]:
        """Return the fields of a need."""
        return frozenset(self.field_of[test] for test in need)

    def _parted(self, entry: Entry) -> Entry:
        first, later = [], []
        for need in entry.needs:
            fields = self.fields_of(need)
            if fields.isdisjoint(self.routers):
                later.append((need, fields, self.price(need)))
            elif fields <= self.routers:
                first.append(need)
        return replace(entry, first_needs=tuple(first), later_needs=tuple(later))

    def _number(self, test: Test) -> int:
        number = self._numbers.get(test)
        if number is None:
            number = self._numbers[test] = len(self.tests)
            self.tests.append(test)
            self.field_of.append(test.field)
            self._asked.append(0)
        self._asked[number] += 1
        return number

    def _routers(self, entries: Sequence[Entry]) -> frozenset[str]:
        """Return the fields that most rules want one of few values of: what events are told apart by first."""
        counted: Counter[str] = Counter()
        for entry in entries:
            for need in entry.needs:
                fields = self.fields_of(need)
                if len(fields) == 1 and KEYWORD not in fields and all(_is_value(self.tests[at].operand) for at in need):
                    counted.update(fields)
        least = max(1, ROUTER_SHARE * len(entries))
        return frozenset(field for field, count in counted.most_common(ROUTERS_BOUND) if count >= least)


def _ways(expression: Expression) -> Sequence[Expression]:
    return expression.parts if isinstance(expression, AnyOf) else (expression,)


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
