"""What was judged already: values and the number of the set of tests they pass; what is new is judged when asked."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sec_ops.detection.events import Value
from sec_ops.detection.match.field_tests import FieldTests
from sec_ops.detection.values import Scalar, scalars

__all__ = ["ENTRY_COST", "Budget", "HitSets", "Memo"]

LONG_VALUE: Final = 65_536
"""Longer text is judged each time it comes."""


ENTRY_COST: Final = 100
"""What an entry takes in a dictionary, beside its key."""


@dataclass(slots=True)
class Budget:
    """How many bytes of memory what is remembered may take; when that is passed, `spent` is called once."""

    spent: Callable[[], None]
    room: int = 80_000_000
    given_up: int = 0

    def spend(self, size: int) -> None:
        """Count one entry more, with a key of so many bytes."""
        self.room -= size + ENTRY_COST
        if self.room < 0:
            self.room = sys.maxsize
            self.spent()


TEST_COST: Final = 32
"""What a test takes in a set, in bytes."""


@dataclass(slots=True)
class HitSets:
    """Sets of tests by number; the empty set is 0."""

    budget: Budget
    sets: list[frozenset[int]] = field(default_factory=lambda: [frozenset()])
    numbers: dict[frozenset[int], int] = field(default_factory=lambda: {frozenset(): 0})

    def number(self, passed: frozenset[int]) -> int:
        """Return the number of a set."""
        known = self.numbers.get(passed)
        if known is None:
            known = self.numbers[passed] = len(self.sets)
            self.sets.append(passed)
            self.budget.spend(TEST_COST * len(passed))
        return known


class Memo(dict[Any, int]):
    """Values of one field to numbers of hit sets.

    `True` and 1 are one key to Python, so they are kept apart unless they pass the same.
    """

    __slots__ = ("_apart", "_budget", "_sets", "_tests")

    def __init__(self, tests: FieldTests, sets: HitSets, budget: Budget) -> None:
        super().__init__()
        self._tests, self._sets, self._budget = tests, sets, budget
        self._apart: dict[tuple[bool, float], int] = {}
        self[None] = sets.number(tests.absent)

    def __missing__(self, value: Value) -> int:
        """Judge a value that wasn't there yet; raises TypeError for what has no hash, as a dictionary does."""
        if isinstance(value, str):
            number = self._judged(value)
            if len(value) <= LONG_VALUE:
                self[value] = number
                self._budget.spend(value.__sizeof__())
            return number
        if isinstance(value, bool | int | float):
            return self._small(value) if value in (0, 1) else self._kept(value)
        return self.of(value)

    def of(self, value: Value) -> int:
        """Return the number for any value, lists included: they pass what one of their values passes."""
        numbers = [self[each] for each in scalars(value)]
        if not numbers:
            return self[None]
        if len(numbers) == 1:
            return numbers[0]
        return self._sets.number(frozenset().union(*(self._sets.sets[number] for number in numbers)))

    def _small(self, value: bool | float) -> int:  # noqa: FBT001 - a value of an event
        key = (isinstance(value, bool), value)
        if key not in self._apart:
            whole, truth = self._judged(int(value)), self._judged(bool(value))
            self._apart |= {(False, value): whole, (True, value): truth}
            if whole == truth:
                self[value] = whole
        return self._apart[key]

    def _kept(self, value: float) -> int:
        number = self[value] = self._judged(value)
        self._budget.spend(value.__sizeof__())
        return number

    def _judged(self, value: Scalar) -> int:
        passed, given_up = self._tests.passed(value)
        self._budget.given_up += given_up
        return self._sets.number(passed)
