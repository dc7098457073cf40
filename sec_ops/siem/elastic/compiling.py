"""A search as the server's query language: pushed down whole, agreeing with `sec_ops.siem.query.evaluate`, or refused.

Only filters: nothing is scored. What a keyword's value may be found under is asked for together: its column, the terms
of fields without a column, and the terms of values that are too long for either.
"""

import ipaddress
from enum import Enum, auto
from typing import Any

from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.siem.elastic.mapping import KEYWORD_UNITS, START, units
from sec_ops.siem.elastic.names import LONG_KEYS, LONG_TEXT, MORE, is_plain, microseconds_field
from sec_ops.siem.elastic.patterns import contains, wildcard_text
from sec_ops.siem.elastic.shaping import digest_key, field_key
from sec_ops.siem.events import FieldType, FieldTypes
from sec_ops.siem.query.tree import ANY, And, Everything, Exists, Match, Not, Or, Pattern, Query, Range
from sec_ops.siem.query.typed import Between, Edge, Like, Same, Test, Within, typed

__all__ = ["PARTS_BOUND", "Long", "compile_query", "parts_of"]

Clause = dict[str, Any]

_LONGEST_BOUND = 900
"""In bytes of UTF-8: with more, the automaton the server makes of a range of terms is deeper than it takes."""
_NOTHING: Clause = {"match_none": {}}
PARTS_BOUND = 900
"""How many parts a query may have on any node: the server takes 1,024 at least, more where its heap is large."""


class Long(Enum):
    """How values too long for a term are asked by a pattern: as they are, or each (no) such value of the field passes.

    Asking them as they are takes a part for each two characters; who judges what comes back can do without.
    """

    EXACTLY = auto()
    ALL = auto()
    NONE = auto()


_OTHERWISE = {Long.EXACTLY: Long.EXACTLY, Long.ALL: Long.NONE, Long.NONE: Long.ALL}


def compile_query(query: Query, types: FieldTypes, long: Long = Long.EXACTLY) -> Clause:
    """Return the query; raises UsageError for what the language, or this store, can't answer, with the reason.

    With `Long.ALL` it finds at least, with `Long.NONE` at most what is asked for.
    """
    match query:
        case Everything():
            return {"match_all": {}}
        case Exists(name):
            return _exists(name, types.of(name))
        case Not(inner):
            return {"bool": {"must_not": [compile_query(inner, types, _OTHERWISE[long])]}}
        case And(queries):
            return {"bool": {"filter": [compile_query(each, types, long) for each in queries]}}
        case Or(queries):
            return _any([compile_query(each, types, long) for each in queries])
    return _leaf(query, types, long)


def parts_of(clause: Clause) -> int:
    """Return how many parts the server counts in a query."""
    if "bool" in clause:
        several = (each for each in clause["bool"].values() if isinstance(each, list))
        return sum(parts_of(each) for clauses in several for each in clauses)
    return sum(map(parts_of, clause["span_near"]["clauses"])) if "span_near" in clause else 1


def _leaf(query: Match | Range, types: FieldTypes, long: Long) -> Clause:
    if query.field:
        kind = types.of(query.field)
        return _test(query.field, kind, typed(query, kind), long)
    test = typed(query, FieldType.TEXT)
    texts = sorted(name for name, kind in types.types.items() if kind is FieldType.TEXT)
    return _any([_test(name, FieldType.TEXT, test, long) for name in texts])


def _exists(name: str, kind: FieldType) -> Clause:
    if kind is FieldType.DATE:
        return {"exists": {"field": microseconds_field(name)}}
    if kind is not FieldType.KEYWORD:
        return {"exists": {"field": name}}
    key = f"{field_key(name)}:"
    ways = [{"prefix": {MORE: key}}, {"prefix": {LONG_KEYS: key}}]
    return _any([{"exists": {"field": name}}, *ways] if is_plain(name) else ways)


def _test(name: str, kind: FieldType, test: Test, long: Long) -> Clause:
    match test:
        case Like(pattern, whole):
            return _keyword(name, pattern, long) if whole else _text(name, pattern)
        case Same(value):
            return {"term": {name: value + 0.0 if kind is FieldType.DOUBLE else value}}
        case Within(first, last):
            return _addresses(name, first, last)
    if kind is FieldType.KEYWORD:
        return _keyword_range(name, test)
    return {"range": {microseconds_field(name) if kind is FieldType.DATE else name: _bounds(test)}}


def _text(name: str, pattern: Pattern) -> Clause:
    return {"exists": {"field": name}} if all(each is ANY for each in pattern) else contains(name, pattern)


def _keyword(name: str, pattern: Pattern, long: Long) -> Clause:
    if pattern and all(each is ANY for each in pattern):
        return _exists(name, FieldType.KEYWORD)
    key = field_key(name)
    literal = "".join(each for each in pattern if isinstance(each, str))
    whole = all(isinstance(each, str) for each in pattern)
    if units(literal) > KEYWORD_UNITS:
        if whole:
            return {"term": {LONG_KEYS: digest_key(name, literal)}}
        what = message("a pattern with wildcards is {count} characters at most", count=KEYWORD_UNITS)
        raise UsageError(what, advice=message("shorten it"))
    if whole:
        ways = [{"term": {MORE: f"{key}:{literal}"}}]
        return _any([{"term": {name: literal}}, *ways] if is_plain(name) else ways)
    text = wildcard_text(pattern)
    ways = [{"wildcard": {MORE: f"{key}:{text}"}}]
    if ANY in pattern or len(literal) + len(pattern) > KEYWORD_UNITS // 2:
        ways += _long_ways(key, pattern, long)
    return _any([{"wildcard": {name: text}}, *ways] if is_plain(name) else ways)


def _long_ways(key: str, pattern: Pattern, long: Long) -> list[Clause]:
    match long:
        case Long.EXACTLY:
            return [contains(LONG_TEXT, (f"{START}{key}:", *pattern), closed=True)]
        case Long.ALL:
            return [{"prefix": {LONG_KEYS: f"{key}:"}}]
    return []


def _keyword_range(name: str, test: Between) -> Clause:
    bounds = [str(edge.value) for edge in (test.lower, test.upper) if edge]
    if any(len(bound.encode("utf-8", "replace")) > _LONGEST_BOUND for bound in bounds):
        what = message("the bound of a range is {count} bytes at most here", count=_LONGEST_BOUND)
        raise UsageError(what, advice=message("shorten it"))
    key = field_key(name)
    ways = [{"range": {own: _prefixed(key, test)}} for own in (MORE, LONG_KEYS)]
    return _any([{"range": {name: _bounds(test)}}, *ways] if is_plain(name) else ways)


def _prefixed(key: str, test: Between) -> dict[str, str]:
    """Return the bounds of a keyword's range among the terms of all fields; `;` comes right after `:`."""
    within = {"gte": f"{key}:", "lt": f"{key};"}
    if test.lower:
        del within["gte"]
        within["gte" if test.lower.closed else "gt"] = f"{key}:{test.lower.value}"
    if test.upper:
        del within["lt"]
        within["lte" if test.upper.closed else "lt"] = f"{key}:{test.upper.value}"
    return within


def _bounds(test: Between) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    if test.lower:
        bounds["gte" if test.lower.closed else "gt"] = _plain_zero(test.lower)
    if test.upper:
        bounds["lte" if test.upper.closed else "lt"] = _plain_zero(test.upper)
    return bounds


def _plain_zero(edge: Edge) -> int | float | str:
    return edge.value + 0.0 if isinstance(edge.value, float) else edge.value


def _addresses(name: str, first: int, last: int) -> Clause:
    if first > last or last < 0 or first >= 1 << 128:
        return _NOTHING
    lower, upper = ipaddress.IPv6Address(max(first, 0)), ipaddress.IPv6Address(min(last, (1 << 128) - 1))
    return {"range": {name: {"gte": _spelled(lower), "lte": _spelled(upper)}}}


def _spelled(address: ipaddress.IPv6Address) -> str:
    return str(address.ipv4_mapped) if address.ipv4_mapped else address.compressed


def _any(clauses: list[Clause]) -> Clause:
    if not clauses:
        return _NOTHING
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}
