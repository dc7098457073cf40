"""What a part of a search asks of a field's values, once the field's type is known.

The evaluator and every store's compiler start from here, so that they can't read `443`, `192.0.2.0/24` or `2026-11-26`
in different ways.
"""

from dataclasses import dataclass

from sec_ops.model.errors import UsageError
from sec_ops.model.folding import fold
from sec_ops.model.messages import message
from sec_ops.siem.events import FieldType
from sec_ops.siem.query.tree import Bound, Match, Pattern, Range
from sec_ops.siem.query.values import address, date_span, network, number, truth, whole_number

__all__ = ["Between", "Edge", "Like", "Same", "Test", "Within", "as_written", "typed"]

_LAST_ADDRESS = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Like:
    """The folded value (`folding.fold`) is the folded pattern when `whole`, else it contains the pattern."""

    pattern: Pattern
    whole: bool


@dataclass(frozen=True, slots=True)
class Same:
    """The number or truth value is this one."""

    value: int | float | bool


@dataclass(frozen=True, slots=True)
class Edge:
    """An end of a span of values; `closed` when it belongs to it."""

    value: int | float | str
    closed: bool


@dataclass(frozen=True, slots=True)
class Between:
    """The value lies between two edges; keywords are folded and ordered by code points, dates are microseconds."""

    lower: Edge | None
    upper: Edge | None


@dataclass(frozen=True, slots=True)
class Within:
    """The address, as a number of 128 bits (`values.address`), lies between two others or is one of them."""

    first: int
    last: int


Test = Like | Same | Between | Within


def typed(part: Match | Range, kind: FieldType) -> Test:
    """Return what a part asks of values of that type.

    Raises UsageError when no value of the type can be meant: `abc` or `44*` for a number, a range for text.
    """
    return _matched(part, kind) if isinstance(part, Match) else _ranged(part, kind)


def as_written(pattern: Pattern) -> str:
    """Return a pattern as text, for messages."""
    return "".join(piece if isinstance(piece, str) else piece.value for piece in pattern)


def _matched(part: Match, kind: FieldType) -> Test:
    if kind in (FieldType.KEYWORD, FieldType.TEXT):
        folded = tuple(fold(piece) if isinstance(piece, str) else piece for piece in part.pattern)
        return Like(folded, kind is FieldType.KEYWORD)
    text = _literal(part, kind)
    match kind:
        case FieldType.IP:
            return Within(*network(text))
        case FieldType.DATE:
            first, after = date_span(text)
            return Between(Edge(first, closed=True), Edge(after, closed=False))
        case FieldType.LONG:
            return Same(whole_number(text))
        case FieldType.DOUBLE:
            return Same(number(text))
    return Same(truth(text))


def _literal(part: Match, kind: FieldType) -> str:
    if all(isinstance(piece, str) for piece in part.pattern):
        return as_written(part.pattern)
    advice = {
        FieldType.IP: message("name a network: {field}:192.0.2.0/24", field=part.field),
        FieldType.BOOLEAN: message("ask for {field}:true, or {field}:* for any value", field=part.field),
    }.get(kind, message("use a range: {field}:[400 TO 499], or {field}:* for any value", field=part.field))
    what = message("{field} is of type {kind}, which has no wildcards", field=part.field, kind=kind.value)
    raise UsageError(what, advice=advice)


def _ranged(part: Range, kind: FieldType) -> Test:
    if kind in (FieldType.TEXT, FieldType.BOOLEAN):
        what = message("{field} is of type {kind}, which has no ranges", field=part.field, kind=kind.value)
        raise UsageError(what, advice=message("name the value: {field}:value", field=part.field))
    if kind is FieldType.IP:
        return _addresses(part)
    if kind is FieldType.DATE:
        return Between(_from_date(part.lower), _to_date(part.upper))
    return Between(_edge(part.lower, kind), _edge(part.upper, kind))


def _edge(bound: Bound | None, kind: FieldType) -> Edge | None:
    if bound is None:
        return None
    read = {FieldType.LONG: whole_number, FieldType.DOUBLE: number}.get(kind, fold)
    return Edge(read(bound.text), bound.closed)


def _from_date(bound: Bound | None) -> Edge | None:
    if bound is None:
        return None
    first, after = date_span(bound.text)
    return Edge(first if bound.closed else after, closed=True)


def _to_date(bound: Bound | None) -> Edge | None:
    if bound is None:
        return None
    first, after = date_span(bound.text)
    return Edge(after if bound.closed else first, closed=False)


def _addresses(part: Range) -> Within:
    first, last = 0, _LAST_ADDRESS
    if part.lower:
        first = address(part.lower.text) + (0 if part.lower.closed else 1)
    if part.upper:
        last = address(part.upper.text) - (0 if part.upper.closed else 1)
    return Within(first, last)
