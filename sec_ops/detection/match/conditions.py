"""Conditions over numbered tests: what is known of them once some tests are, and which tests one of them must pass."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sec_ops.detection.rule import KEYWORD, All, Exists, Expression, Not, Null, Reference, Selection, Test

__all__ = ["Condition", "Need", "compiled", "holds", "needs"]

NEEDS_BOUND: Final = 12
"""So many alternative needs of a part are looked at."""

Need = frozenset[int]
"""Tests of which at least one passes when the condition holds."""


@dataclass(frozen=True, slots=True)
class _Every:
    """All these tests pass, and all these parts hold."""

    tests: frozenset[int]
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class _One:
    """One of these tests passes, or one of these parts holds."""

    tests: frozenset[int]
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class _Never:
    """The part doesn't hold."""

    part: "Condition"


class _Open:
    """What no single value can decide."""

    __slots__ = ()


OPEN: Final = _Open()
Condition = _Every | _One | _Never | _Open | int


def compiled(expression: Expression, number: Callable[[Test], int]) -> Condition:
    """Return a condition over the numbers of its tests."""
    if isinstance(expression, Test):
        return OPEN if _is_open(expression) else number(expression)
    if isinstance(expression, Selection):
        return compiled(expression.part, number)
    if isinstance(expression, Not):
        return _Never(compiled(expression.part, number))
    kind = _Every if isinstance(expression, All) else _One
    parts = [compiled(part, number) for part in expression.parts]
    if len(parts) == 1:
        return parts[0]
    tests = [part for part in parts if isinstance(part, int)]
    others = [part for part in parts if not isinstance(part, int)]
    same = [part for part in others if isinstance(part, kind)]
    return kind(
        frozenset(tests).union(*(part.tests for part in same)),
        (*(part for part in others if not isinstance(part, kind)), *(each for part in same for each in part.parts)),
    )


def _is_open(test: Test) -> bool:
    return isinstance(test.operand, Reference) or (test.field == KEYWORD and isinstance(test.operand, Null | Exists))


def holds(condition: Condition, passed: frozenset[int]) -> bool | None:
    """Return whether the condition holds when these tests pass and no others; None when open ones decide."""
    if isinstance(condition, int):
        return condition in passed
    if isinstance(condition, _Every):
        return _every(condition, passed)
    if isinstance(condition, _One):
        return _one(condition, passed)
    if isinstance(condition, _Never):
        inner = holds(condition.part, passed)
        return None if inner is None else not inner
    return None


def _every(condition: _Every, passed: frozenset[int]) -> bool | None:
    if not condition.tests <= passed:
        return False
    known: bool | None = True
    for part in condition.parts:
        result = holds(part, passed)
        if result is False:
            return False
        known = known if result else None
    return known


def _one(condition: _One, passed: frozenset[int]) -> bool | None:
    if not condition.tests.isdisjoint(passed):
        return True
    known: bool | None = False
    for part in condition.parts:
        result = holds(part, passed)
        if result:
            return True
        known = None if result is None else known
    return known


def needs(condition: Condition, field_of: Sequence[str], price: Callable[[Need], float]) -> tuple[Need, ...]:
    """Return alternative needs of a condition, none when it may hold with no test passed.

    Those of one field are kept beside the cheapest of any, so that whoever knows some fields can use them.
    """
    if isinstance(condition, int):
        return (frozenset((condition,)),)
    if isinstance(condition, _Every):
        alone = [frozenset((test,)) for test in condition.tests]
        inner = [need for part in condition.parts for need in needs(part, field_of, price)]
        return _best([*alone, *inner], field_of, price)
    if isinstance(condition, _One):
        branches = [needs(part, field_of, price) for part in condition.parts]
        branches += [(frozenset((test,)),) for test in condition.tests]
        return _best(_united(branches, field_of, price), field_of, price) if all(branches) else ()
    return ()


def _united(
    branches: Sequence[tuple[Need, ...]], field_of: Sequence[str], price: Callable[[Need], float]
) -> list[Need]:
    """Return needs of an alternative: one need of each branch together, of one field each where all have one."""
    by_field = [{field: need for need in branch if (field := _only_field(need, field_of))} for branch in branches]
    shared = set.intersection(*(set(each) for each in by_field)) if by_field else set()
    whole = [frozenset().union(*(each[field] for each in by_field)) for field in sorted(shared)]
    return [*whole, frozenset().union(*(min(branch, key=price) for branch in branches))]


def _only_field(need: Need, field_of: Sequence[str]) -> str | None:
    fields = {field_of[test] for test in need}
    return fields.pop() if len(fields) == 1 else None


def _best(found: Iterable[Need], field_of: Sequence[str], price: Callable[[Need], float]) -> tuple[Need, ...]:
    """Return the cheapest need of each field, then the cheapest others, up to a bound."""
    ordered = sorted(set(found), key=lambda need: (price(need), sorted(need)))
    firsts: dict[str | None, Need] = {}
    for need in ordered:
        firsts.setdefault(_only_field(need, field_of), need)
    return tuple(sorted(firsts.values(), key=price)[:NEEDS_BOUND])
