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

__all__ = ["PARTS_BOUND", "Aside", "compile_query", "parts_of"]

Clause = dict[str, Any]

_LONGEST_BOUND = 900
"""In bytes of UTF-8: with more, the automaton the server makes of a range of terms is deeper than it takes."""
_NOTHING: Clause = {"match_none": {}}
PARTS_BOUND = 900
"""How many parts a query may have on any node: the server takes 1,024 at least, more where its heap is large."""

_WILDCARD_PARTS = 12
"""A wildcard takes some 60 kB of a request's memory on each shard; so a full query stays below 100 MB."""


class Aside(Enum):
    """How values kept aside are asked by a pattern: as they are, or each, or none, of the field's passes.

    These are values of fields without a column and such as are too long for a term. There are few, but asking them
    takes more parts and memory than all others; who judges what comes back can do without.
    """

    EXACTLY = auto()
    ALL = auto()
    NONE = auto()


_OTHERWISE = {Aside.EXACTLY: Aside.EXACTLY, Aside.ALL: Aside.NONE, Aside.NONE: Aside.ALL}


def compile_query(query: Query, types: FieldTypes, aside: Aside = Aside.EXACTLY) -> Clause:
    """Return the query; raises UsageError for what the language, or this store, can't answer, with the reason.

    With `Aside.ALL` it finds at least, with `Aside.NONE` at most what is asked for.
    """
    match query:
        case Everything():
            return {"match_all": {}}
        case Exists(name):
            return _exists(name, types.of(name))
        case Not(inner):
            return {"bool": {"must_not": [compile_query(inner, types, _OTHERWISE[aside])]}}
        case And(queries):
            return {"bool": {"filter": [compile_query(each, types, aside) for each in queries]}}
        case Or(queries):
            return _any([compile_query(each, types, aside) for each in queries])
    return _leaf(query, types, aside)


def parts_of(clause: Clause) -> int:
    """Return how many parts a query has: those the server counts, wildcards weighed by the memory they take."""
    if "bool" in clause:
        several = (each for each in clause["bool"].values() if isinstance(each, list))
        return sum(parts_of(each) for clauses in several for each in clauses)
    if "span_near" in clause:
        return sum(map(parts_of, clause["span_near"]["clauses"]))
    return _WILDCARD_PARTS if "wildcard" in clause else 1


def _leaf(query: Match | Range, types: FieldTypes, aside: Aside) -> Clause:
    if query.field:
        kind = types.of(query.field)
        return _test(query.field, kind, typed(query, kind), aside)
    test = typed(query, FieldType.TEXT)
    texts = sorted(name for name, kind in types.types.items() if kind is FieldType.TEXT)
    return _any([_test(name, FieldType.TEXT, test, aside) for name in texts])


def _exists(name: str, kind: FieldType) -> Clause:
    if kind is FieldType.DATE:
        return {"exists": {"field": microseconds_field(name)}}
    if kind is not FieldType.KEYWORD:
        return {"exists": {"field": name}}
    key = f"{field_key(name)}:"
    ways = [{"prefix": {MORE: key}}, {"prefix": {LONG_KEYS: key}}]
    return _any([{"exists": {"field": name}}, *ways] if is_plain(name) else ways)


def _test(name: str, kind: FieldType, test: Test, aside: Aside) -> Clause:
    match test:
        case Like(pattern, whole):
            return _keyword(name, pattern, aside) if whole else _text(name, pattern)
        case Same(value):
            return {"term": {name: value + 0.0 if kind is FieldType.DOUBLE else value}}
        case Within(first, last):
            return _addresses(name, first, last)
    if kind is FieldType.KEYWORD:
        return _keyword_range(name, test)
    return {"range": {microseconds_field(name) if kind is FieldType.DATE else name: _bounds(test)}}


def _text(name: str, pattern: Pattern) -> Clause:
    return {"exists": {"field": name}} if all(each is ANY for each in pattern) else contains(name, pattern)


def _keyword(name: str, pattern: Pattern, aside: Aside) -> Clause:
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
    ways = _aside(key, pattern, aside, maybe_long=ANY in pattern or len(literal) + len(pattern) > KEYWORD_UNITS // 2)
    return _any([{"wildcard": {name: wildcard_text(pattern)}}, *ways] if is_plain(name) else ways)


def _aside(key: str, pattern: Pattern, aside: Aside, *, maybe_long: bool) -> list[Clause]:
    match aside:
        case Aside.EXACTLY:
            short: Clause = {"wildcard": {MORE: f"{key}:{wildcard_text(pattern)}"}}
            long = (f"{START}{key}:", *pattern)
            return [short, *([contains(LONG_TEXT, long, closed=True)] if maybe_long else [])]
        case Aside.ALL:
            return [{"prefix": {own: f"{key}:"}} for own in (MORE, LONG_KEYS)]
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
