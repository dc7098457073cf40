"""From luqum's tree to ours, with every fault and its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from luqum import tree as luqum

from sec_ops.model.errors import QueryFault, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.siem.events import FieldType, FieldTypes
from sec_ops.siem.query.tree import (
    ANY,
    ONE,
    And,
    Bound,
    Everything,
    Exists,
    Match,
    Not,
    Or,
    Pattern,
    Query,
    Range,
    Wildcard,
)
from sec_ops.siem.query.typed import as_written, typed
from sec_ops.siem.query.values import date_span, date_text

__all__ = ["Converter"]

_EXISTS = "_exists_"
_LONGEST_PATTERN = 2_000
_Comparison = luqum.From | luqum.To


@dataclass(slots=True)
class Converter:
    """One conversion; `faults` are what was met on the way."""

    types: FieldTypes
    zone: tzinfo
    now_us: int | None
    faults: list[QueryFault] = field(default_factory=list)

    def convert(self, item: luqum.Item, name: str = "") -> Query:
        """Return the query of an item that stands behind the field `name` (empty: behind none)."""
        match item:
            case luqum.SearchField():
                return self._field(item)
            case luqum.Group() | luqum.FieldGroup() | luqum.Plus():
                return self.convert(item.children[0], name)
            case luqum.Not() | luqum.Prohibit():
                return Not(self.convert(item.children[0], name))
            case luqum.AndOperation():
                return And(tuple(self.convert(each, name) for each in item.children))
            case luqum.OrOperation():
                return self._alternatives([[each] for each in item.children], name)
            case luqum.UnknownOperation():
                return self._alternatives(_by_or(item.children), name)
        return self._leaf(item, name)

    def _alternatives(self, lists: Sequence[Sequence[luqum.Item]], name: str) -> Query:
        parts = []
        for each in lists:
            if len(lists) > 1 and len(each) == 1 and isinstance(each[0], luqum.Plus):
                self._fault(each[0].pos, message("+ says that a part must hold, OR that it need not"), None)
            inner = tuple(self.convert(item, name) for item in each)
            parts.append(inner[0] if len(inner) == 1 else And(inner))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _field(self, item: luqum.SearchField) -> Query:
        name = as_written(_pattern(item.name))
        if name == "*" and isinstance(item.expr, luqum.Word) and item.expr.value == "*":
            return Everything()
        if item.name == "*":
            self._fault(item.pos, message("only *:* has a wildcard for its field"), _ALL_TEXT)
        return self.convert(item.expr, name)

    def _leaf(self, item: luqum.Item, name: str) -> Query:
        try:
            if name == _EXISTS:
                return Exists(_name(item))
            return self._term(item, name) if isinstance(item, luqum.Term) else self._range(item, name)
        except UsageError as error:
            self._fault(item.pos, error.what, error.advice)
            return Everything()

    def _term(self, item: luqum.Term, name: str) -> Query:
        pattern = _of(item)
        if pattern == (ANY,):
            return Exists(name) if name else Everything()
        wild = any(isinstance(piece, Wildcard) for piece in pattern)
        if wild and len(as_written(pattern)) > _LONGEST_PATTERN:
            what = message("text with wildcards has at most {limit} characters", limit=_LONGEST_PATTERN)
            raise UsageError(what)
        part = Match(name, pattern)
        kind = self.types.of(name) if name else FieldType.TEXT
        if kind is FieldType.DATE and not wild:
            first, after = self._span(as_written(pattern))
            return Range(name, Bound(date_text(first), closed=True), Bound(date_text(after), closed=False))
        typed(part, kind)
        return part

    def _range(self, item: luqum.Item, name: str) -> Query:
        if not name:
            raise UsageError(message("a range needs a field"), advice=_FIELD_RANGE)
        lower, upper = _bounds(item)
        if lower is None and upper is None:
            return Exists(name)
        if self.types.of(name) is FieldType.DATE:
            return Range(name, self._from(lower), self._to(upper))
        part = Range(name, lower, upper)
        typed(part, self.types.of(name))
        return part

    def _from(self, bound: Bound | None) -> Bound | None:
        if bound is None:
            return None
        first, after = self._span(bound.text)
        return Bound(date_text(first if bound.closed else after), closed=True)

    def _to(self, bound: Bound | None) -> Bound | None:
        if bound is None:
            return None
        first, after = self._span(bound.text)
        return Bound(date_text(after if bound.closed else first), closed=False)

    def _span(self, text: str) -> tuple[int, int]:
        return date_span(text, zone=self.zone, now_us=self.now_us)

    def _fault(self, position: int, what: Message, advice: Message | None) -> None:
        self.faults.append(QueryFault(position=position, message=what, advice=advice))


def _by_or(items: Sequence[luqum.Item]) -> list[list[luqum.Item]]:
    """Return lists of parts, joined by OR, of parts joined by AND.

    luqum binds OR tighter than nothing between two parts; here nothing is an AND.
    """
    lists: list[list[luqum.Item]] = [[]]
    for item in items:
        first, *others = item.children if isinstance(item, luqum.OrOperation) else [item]
        lists[-1].append(first)
        lists += [[other] for other in others]
    return lists


def _bounds(item: luqum.Item) -> tuple[Bound | None, Bound | None]:
    if isinstance(item, luqum.Range):
        return _bound(item.low, closed=item.include_low), _bound(item.high, closed=item.include_high)
    if isinstance(item, luqum.From):
        return _bound(item.a, closed=item.include), None
    return None, _bound(item.a, closed=item.include)


def _bound(item: luqum.Item, *, closed: bool) -> Bound | None:
    pattern = _of(item)
    if pattern == (ANY,):
        return None
    if any(isinstance(piece, Wildcard) for piece in pattern):
        advice = message("* alone is an open end; for the mark itself write \\*")
        raise UsageError(message("a bound of a range has no wildcards"), advice=advice)
    return Bound(as_written(pattern), closed)


def _name(item: luqum.Item) -> str:
    pattern = _of(item) if isinstance(item, luqum.Term) else (ANY,)
    if not pattern or any(isinstance(piece, Wildcard) for piece in pattern):
        raise UsageError(message("_exists_ wants the name of a field"), advice=message("_exists_:user.name"))
    return as_written(pattern)


def _of(item: luqum.Term) -> Pattern:
    if isinstance(item, luqum.Phrase):
        literal = as_written(_pattern(item.value[1:-1], wild=""))
        return (literal,) if literal else ()
    return _pattern(item.value)


def _pattern(raw: str, wild: str = "*?") -> Pattern:
    """Return the pattern of text as written: a backslash goes away, and the character after it is itself."""
    pieces: list[str | Wildcard] = []
    characters = iter(raw)
    for character in characters:
        if character in wild:
            mark = ANY if character == "*" else ONE
            if not (mark is ANY and pieces and pieces[-1] is ANY):
                pieces.append(mark)
            continue
        literal = next(characters) if character == "\\" else character
        if pieces and isinstance(pieces[-1], str):
            pieces[-1] += literal
        else:
            pieces.append(literal)
    return tuple(pieces)


_FIELD_RANGE = message("write field:>5 or field:[1 TO 5]; to search for the text, put it in quotation marks")
_ALL_TEXT = message("leave the field out to search all text")
