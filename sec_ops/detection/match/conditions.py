"""Conditions over numbered tests: what is known of them once some tests are, and which tests one of them must pass."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sec_ops.detection.rule import KEYWORD, All, Exists, Expression, Not, Null, Reference, Selection, Test

__all__ = ["Condition", "Known", "Need", "compiled", "first_needs", "holds", "needs", "references_of", "tests_of"]

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


@dataclass(frozen=True, slots=True)
class _Open:
    """A test that no single value decides."""

    test: Test


Condition = _Every | _One | _Never | _Open | int


def compiled(expression: Expression, number: Callable[[Test], int]) -> Condition:
    """Return a condition over the numbers of its tests."""
    if isinstance(expression, Test):
        return _Open(expression) if _is_open(expression) else number(expression)
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


@dataclass(frozen=True, slots=True)
class Known:
    """The tests that pass; all others fail, but for those that nobody has asked yet, and open ones without `ask`."""

    passed: frozenset[int]
    unasked: frozenset[int] = frozenset()
    ask: Callable[[Test], bool | None] | None = None


def holds(condition: Condition, known: Known) -> bool | None:
    """Return whether a condition holds, None when what isn't known decides it."""
    if isinstance(condition, int):
        return condition in known.passed or (None if condition in known.unasked else False)
    if isinstance(condition, _Every):
        return _every(condition, known)
    if isinstance(condition, _One):
        return _one(condition, known)
    if isinstance(condition, _Never):
        inner = holds(condition.part, known)
        return None if inner is None else not inner
    return known.ask(condition.test) if known.ask else None


def _every(condition: _Every, known: Known) -> bool | None:
    lacking = condition.tests - known.passed
    if not lacking <= known.unasked:
        return False
    result: bool | None = None if lacking else True
    for part in condition.parts:
        held = holds(part, known)
        if held is False:
            return False
        result = result if held else None
    return result


def _one(condition: _One, known: Known) -> bool | None:
    if not condition.tests.isdisjoint(known.passed):
        return True
    result: bool | None = False if condition.tests.isdisjoint(known.unasked) else None
    for part in condition.parts:
        held = holds(part, known)
        if held:
            return True
        result = None if held is None else result
    return result


def first_needs(condition: Condition, field_of: Sequence[str]) -> tuple[Need, ...]:
    """Return those needs of a condition that lie in one field and open to sight."""
    if isinstance(condition, int):
        return (frozenset((condition,)),)
    if isinstance(condition, _One):
        alone = not condition.parts and len({field_of[test] for test in condition.tests}) == 1
        return (condition.tests,) if alone else ()
    if not isinstance(condition, _Every):
        return ()
    alone_needs = [frozenset((test,)) for test in condition.tests]
    inner = [need for part in condition.parts if isinstance(part, _One) for need in first_needs(part, field_of)]
    return (*alone_needs, *inner)


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
        if not condition.parts:
            return (condition.tests,)
        branches = [needs(part, field_of, price) for part in condition.parts]
        branches += [(condition.tests,)] if condition.tests else []
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
    tests = iter(need)
    field = field_of[next(tests)] if need else None
    return field if all(field_of[test] == field for test in tests) else None


def _best(found: Iterable[Need], field_of: Sequence[str], price: Callable[[Need], float]) -> tuple[Need, ...]:
    """Return the cheapest need of each field, and the cheapest of those in several."""
    cheapest: dict[str | None, tuple[float, Need]] = {}
    for need in found:
        field, cost = _only_field(need, field_of), price(need)
        if field not in cheapest or cost < cheapest[field][0]:
            cheapest[field] = cost, need
    return tuple(need for _, need in cheapest.values())


def tests_of(condition: Condition) -> Iterator[int]:
    """Yield the numbers of all tests of a condition."""
    if isinstance(condition, int):
        yield condition
    elif isinstance(condition, _Every | _One):
        yield from condition.tests
        for part in condition.parts:
            yield from tests_of(part)
    elif isinstance(condition, _Never):
        yield from tests_of(condition.part)


def references_of(condition: Condition) -> Iterator[Test]:
    """Yield the tests of a condition that compare a field with another."""
    if isinstance(condition, _Open):
        if isinstance(condition.test.operand, Reference) and condition.test.field != KEYWORD:
            yield condition.test
    elif isinstance(condition, _Every | _One):
        for part in condition.parts:
            yield from references_of(part)
    elif isinstance(condition, _Never):
        yield from references_of(condition.part)
