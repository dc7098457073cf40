"""The meaning of a rule: whether an expression holds for one event, written to be read and not to be fast.

Every other engine gives the same answers. A test asks each value that its field holds (of a list, at any depth) and
holds when one passes; a field that is missing, null or an empty list has no values, so every test of it but `Null` and
`Exists` fails, and `not` of it holds. The field `KEYWORD` has all values of the event.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from sec_ops.detection.events import FlatEvent
from sec_ops.detection.rule import (
    KEYWORD,
    All,
    AnyOf,
    Compare,
    Exists,
    Expression,
    Glob,
    Network,
    Not,
    Null,
    Number,
    Operand,
    Reference,
    Regex,
    Selection,
    Test,
    TimePart,
    Truth,
    Wildcard,
)
from sec_ops.detection.searching import search_of
from sec_ops.detection.values import (
    Scalar,
    address_of,
    lies_in,
    like,
    number_of,
    ordered,
    part_of,
    refers,
    scalars,
    text_of,
    time_of,
)
from sec_ops.model.folding import fold

__all__ = ["Judged", "finds", "judged", "passes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one part of a condition.

    `parts` are those of it in their order, each judged whether or not the others decided already. `values` are, for a
    test that holds, the fields and values that passed, and for one that doesn't, those that were asked (none of a
    missing field). `given_up` are the values whose search took too long: they count as not found, and somebody is told.
    """

    expression: Expression
    held: bool
    parts: tuple["Judged", ...] = ()
    values: tuple[tuple[str, Scalar], ...] = ()
    given_up: int = 0


def finds(expression: Expression, event: FlatEvent, zone: tzinfo) -> bool:
    """Return whether the expression holds for the event; times are of `zone`."""
    match expression:
        case Test():
            return _tested(expression, event, zone).held
        case All(parts):
            return all(finds(part, event, zone) for part in parts)
        case AnyOf(parts):
            return any(finds(part, event, zone) for part in parts)
        case Not(part):
            return not finds(part, event, zone)
        case Selection(_name, part):
            return finds(part, event, zone)


def judged(expression: Expression, event: FlatEvent, zone: tzinfo) -> Judged:
    """Return whether the expression holds for the event, and each of its parts; times are of `zone`."""
    match expression:
        case Test():
            return _tested(expression, event, zone)
        case All(parts) | AnyOf(parts):
            known = tuple(judged(part, event, zone) for part in parts)
            together = all if isinstance(expression, All) else any
            return _made_of(expression, known, held=together(part.held for part in known))
        case Not(part):
            inner = judged(part, event, zone)
            return _made_of(expression, (inner,), held=not inner.held)
        case Selection(_name, part):
            inner = judged(part, event, zone)
            return _made_of(expression, (inner,), held=inner.held)


def passes(operand: Operand, value: Scalar, zone: tzinfo) -> bool | None:
    """Return whether one value passes what one value can decide, or None when its search took too long."""
    match operand:
        case Glob(parts, cased):
            text = text_of(value)
            return like(parts, text) if cased else like(_folded(parts), fold(text))
        case Regex():
            return search_of(operand).found_in(text_of(value))
        case Network(cidr):
            address = address_of(value) if isinstance(value, str) else None
            return address is not None and lies_in(cidr, address)
        case Number(wanted):
            return not isinstance(value, bool) and (value == wanted or value == text_of(wanted))
        case Truth(wanted):
            return value is wanted or (isinstance(value, str) and fold(value) == text_of(wanted))
        case Compare(order, wanted):
            number = number_of(value)
            return number is not None and ordered(order, number, wanted)
        case TimePart(part, wanted, order):
            moment = time_of(value, zone)
            return moment is not None and ordered(order, part_of(moment, part), wanted)
        case Null() | Exists() | Reference():
            return False


def _tested(test: Test, event: FlatEvent, zone: tzinfo) -> Judged:
    asked = tuple(_values(test.field, event))
    results: list[bool | None]
    match test.operand:
        case Null():
            return Judged(expression=test, held=not asked, values=asked)
        case Exists(wanted):
            return Judged(expression=test, held=bool(asked) is wanted, values=asked)
        case Reference(other, place):
            others = [fold(text_of(value)) for _name, value in _values(other, event)]
            results = [any(refers(place, fold(text_of(value)), each) for each in others) for _name, value in asked]
        case operand:
            results = [passes(operand, value, zone) for _name, value in asked]
    passed = tuple(pair for pair, result in zip(asked, results, strict=True) if result)
    return Judged(expression=test, held=bool(passed), values=passed or asked, given_up=results.count(None))


def _values(field: str, event: FlatEvent) -> Iterator[tuple[str, Scalar]]:
    for name in event if field == KEYWORD else (field,):
        for value in scalars(event.get(name)):
            yield name, value


def _folded(parts: Sequence[str | Wildcard]) -> list[str | Wildcard]:
    return [fold(part) if isinstance(part, str) else part for part in parts]


def _made_of(expression: Expression, parts: tuple[Judged, ...], *, held: bool) -> Judged:
    return Judged(expression=expression, held=held, parts=parts, given_up=sum(part.given_up for part in parts))
