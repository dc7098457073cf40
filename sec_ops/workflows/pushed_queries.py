"""A rule's expression as a search of the event store: exactly, or wider, so that no event the rule finds is missed.

Every part of an expression has two searches: one that finds at least the events it holds for, and one that finds at
most those. `not` turns them into each other. What the search language, or the store, can't say exactly is the field's
existence above and nothing below; the matcher judges what was fetched. Types matter: events of the store have the
types of the field catalogue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_address, ip_network
from math import isfinite

from sec_ops.detection.rule import (
    ANY_MANY,
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
    Order,
    Reference,
    Selection,
    Test,
    Truth,
    Wildcard,
)
from sec_ops.detection.values import text_of
from sec_ops.model.folding import caseless, fold
from sec_ops.siem.events import FieldType, FieldTypes
from sec_ops.siem.query import tree

__all__ = ["NOTHING", "Can", "Pushed", "cheaper", "dear", "loosened", "pushed", "size"]

NOTHING = tree.Or(())
"""The search that finds no event."""
_EVERYTHING = tree.Everything()
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Pushed:
    """`over` finds at least, `under` at most the events that the expression holds for; both are the same when exact."""

    over: tree.Query
    under: tree.Query

    @property
    def exact(self) -> bool:
        """Tell whether the store's answer needs no more judging."""
        return self.over == self.under


Can = Callable[[tree.Query], bool]
"""Whether a store can answer a search of one field."""


def pushed(expression: Expression, types: FieldTypes, can: Can = lambda _query: True) -> Pushed:
    """Return the searches of an expression over stored events, of parts that the store `can` answer."""
    match expression:
        case Test(name, operand):
            return _answered(name, _test(name, operand, types), can)
        case Selection(_, part):
            return pushed(part, types, can)
        case Not(part):
            inner = pushed(part, types, can)
            return Pushed(_not(inner.under), _not(inner.over))
        case All(parts):
            known = [pushed(part, types, can) for part in parts]
            return Pushed(_and([each.over for each in known]), _and([each.under for each in known]))
        case AnyOf(parts):
            known = [pushed(part, types, can) for part in parts]
            return Pushed(_or([each.over for each in known]), _or([each.under for each in known]))


def loosened(query: tree.Query, most: int) -> tree.Query:
    """Return a search that finds at least what `query` does, in which no list of alternatives is longer than `most`.

    Of a longer one only the existence of its fields is left, with 0 of everything; of what must not be, nothing when it
    has more parts.
    """
    match query:
        case tree.And(queries):
            return _and([loosened(each, most) for each in queries])
        case tree.Or(queries):
            listed = [each for each in queries if isinstance(each, tree.Match | tree.Range)]
            others = [loosened(each, most) for each in queries if not isinstance(each, tree.Match | tree.Range)]
            if len(listed) > most:
                others += [tree.Exists(name) for name in sorted({each.field for each in listed})]
                listed = []
            return _or([*listed, *others])
        case tree.Not(inner):
            return query if size(inner) <= most else _EVERYTHING
        case tree.Match(name) | tree.Range(name) if not most:
            return tree.Exists(name)
    return query


def dear(query: tree.Query, types: FieldTypes) -> int:
    """Return how many parts of a search make the store look through all values of a field."""
    match query:
        case tree.And(queries) | tree.Or(queries):
            return sum(dear(each, types) for each in queries)
        case tree.Not(inner):
            return dear(inner, types)
        case tree.Match(name, pattern):
            return types.of(name) is FieldType.KEYWORD and isinstance(pattern[:1] and pattern[0], tree.Wildcard)
    return 0


def cheaper(query: tree.Query, types: FieldTypes) -> tree.Query:
    """Return a search that finds at least what `query` does and looks through no field's values."""
    match query:
        case tree.And(queries):
            return _and([cheaper(each, types) for each in queries])
        case tree.Or(queries):
            return _or([cheaper(each, types) for each in queries])
        case tree.Not():
            return _EVERYTHING if dear(query, types) else query
        case tree.Match(name) if dear(query, types):
            return tree.Exists(name)
    return query


def size(query: tree.Query) -> int:
    """Return how many parts a search has that ask a field."""
    match query:
        case tree.And(queries) | tree.Or(queries):
            return sum(map(size, queries))
        case tree.Not(inner):
            return size(inner)
    return 1


def _answered(name: str, found: Pushed, can: Can) -> Pushed:
    if found.exact and can(found.over):
        return found
    over = found.over if can(found.over) else tree.Exists(name)
    return Pushed(over, found.under if can(found.under) else NOTHING)


def _not(query: tree.Query) -> tree.Query:
    if query == NOTHING:
        return _EVERYTHING
    if query == _EVERYTHING:
        return NOTHING
    return query.query if isinstance(query, tree.Not) else tree.Not(query)


def _and(queries: Sequence[tree.Query]) -> tree.Query:
    kept = list(dict.fromkeys(each for each in queries if each != _EVERYTHING))
    if NOTHING in kept:
        return NOTHING
    return tree.And(tuple(kept)) if len(kept) > 1 else kept[0] if kept else _EVERYTHING


def _or(queries: Sequence[tree.Query]) -> tree.Query:
    kept = list(dict.fromkeys(each for each in queries if each != NOTHING))
    if _EVERYTHING in kept:
        return _EVERYTHING
    return kept[0] if len(kept) == 1 else tree.Or(tuple(kept))


def _test(name: str, operand: Operand, types: FieldTypes) -> Pushed:
    if name == KEYWORD:
        return Pushed(_EVERYTHING, NOTHING)
    match operand:
        case Null():
            return _exactly(_not(tree.Exists(name)))
        case Exists(wanted):
            return _exactly(tree.Exists(name) if wanted else _not(tree.Exists(name)))
        case Reference(other):
            return Pushed(_and([tree.Exists(name), tree.Exists(other)]), NOTHING)
    return _value(name, operand, types.of(name))


def _value(name: str, operand: Operand, kind: FieldType) -> Pushed:
    match operand:
        case Glob():
            return _glob(name, operand, kind)
        case Network(cidr) if kind is FieldType.IP:
            found = tree.Match(name, (str(ip_network(cidr)),))
            return Pushed(found, found if not isinstance(ip_network(cidr), IPv6Network) else NOTHING)
        case Number(value) if kind in (FieldType.LONG, FieldType.DOUBLE):
            return _number(name, value, kind)
        case Number(value) if kind is FieldType.KEYWORD:
            return _glob(name, Glob((text_of(value),), cased=True), kind)
        case Truth(value) if kind in (FieldType.BOOLEAN, FieldType.KEYWORD):
            return _exactly(tree.Match(name, (text_of(value),)))
        case Compare(order, value) if kind in (FieldType.LONG, FieldType.DOUBLE):
            return _compare(name, order, value, kind)
    return Pushed(tree.Exists(name), NOTHING)


def _glob(name: str, glob: Glob, kind: FieldType) -> Pushed:
    pattern = tuple(_piece(each) for each in glob.parts)
    literal = "".join(each for each in glob.parts if isinstance(each, str))
    whole = all(isinstance(each, str) for each in glob.parts)
    match kind:
        case FieldType.KEYWORD:
            found = tree.Match(name, pattern)
            exact = not glob.cased or (fold(literal) == literal and caseless(literal))
            return Pushed(found, found if exact else NOTHING)
        case FieldType.TEXT:
            return _contained(name, glob, pattern)
        case FieldType.LONG if whole:
            return _exactly(tree.Match(name, (literal,)) if _is_integer(literal) else NOTHING)
        case FieldType.BOOLEAN if whole and not glob.cased:
            lower = literal.lower()
            return _exactly(tree.Match(name, (lower,)) if lower in ("true", "false") else NOTHING)
        case FieldType.IP if whole:
            return Pushed(tree.Match(name, (literal,)) if _is_address(literal) else NOTHING, NOTHING)
    return Pushed(tree.Exists(name), NOTHING)


def _contained(name: str, glob: Glob, pattern: tree.Pattern) -> Pushed:
    """Return the searches of a text, which finds its parts: exact when the glob asks for a part."""
    inner = pattern[1:] if pattern[:1] == (tree.ANY,) else pattern
    inner = inner[:-1] if inner[-1:] == (tree.ANY,) else inner
    found: tree.Query = tree.Match(name, inner) if inner else tree.Exists(name)
    everywhere = glob.parts[:1] == (ANY_MANY,) and glob.parts[-1:] == (ANY_MANY,)
    return Pushed(found, found if everywhere and not glob.cased else NOTHING)


def _piece(each: str | Wildcard) -> str | tree.Wildcard:
    if isinstance(each, str):
        return each
    return tree.ANY if each is ANY_MANY else tree.ONE


def _number(name: str, value: float, kind: FieldType) -> Pushed:
    if not _is_plain(value):
        return Pushed(tree.Exists(name), NOTHING)
    if kind is FieldType.LONG and not float(value).is_integer():
        return _exactly(NOTHING)
    whole = int(value) if float(value).is_integer() else value
    return _exactly(tree.Match(name, (str(whole),)))


def _compare(name: str, order: Order, value: float, kind: FieldType) -> Pushed:
    whole = isinstance(value, int) or kind is FieldType.DOUBLE
    if order is Order.OTHER or not whole or not _is_plain(value):
        return Pushed(tree.Exists(name), NOTHING)
    bound = tree.Bound(repr(value), closed=order in (Order.AT_MOST, Order.AT_LEAST))
    match order:
        case Order.LESS | Order.AT_MOST:
            return _exactly(tree.Range(name, None, bound))
        case Order.GREATER | Order.AT_LEAST:
            return _exactly(tree.Range(name, bound, None))
    return _number(name, value, kind)


def _is_plain(value: float) -> bool:
    """Tell whether a number can be searched for: whole ones have 64 bits at most, others are finite."""
    if isinstance(value, int) or value.is_integer():
        return int(value) in _INTEGERS
    return isfinite(value)


def _exactly(query: tree.Query) -> Pushed:
    return Pushed(query, query)


def _is_integer(text: str) -> bool:
    """Tell whether this is how a whole number of 64 bits is written."""
    digits = text.removeprefix("-")
    plain = digits.isascii() and digits.isdigit() and len(digits) < 20 and str(int(text)) == text
    return plain and int(text) in _INTEGERS


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
