r"""The meaning of a search: whether an event is found. Stores agree with this, or refuse the search with the reason.

========================  =============================================================================================
keyword                   the whole value, without regard to case (`folding.fold`): `user.name:ROOT` finds `root`, not
                          `root2`; numbers written as text too: `event.code:4625`
text                      any part of the value, without regard to case: words, phrases, parts of words, `登录` alike;
                          the empty text is part of every value
long, double              the number: `443` is `0443`; text that isn't a number of the type is refused
boolean                   `true` or `false`
ip                        the address whatever its spelling; `192.0.2.0/24` is every address of the network; an IPv4
                          address is the same as its mapping into IPv6
date                      the span that is written: a day is all its moments, a second too
no field                  any field whose type is text
wildcards                 in keywords and text only: `*` is any number of characters, `?` one (a code point), line ends
                          included; in a phrase they are ordinary characters
ranges                    numbers, dates and addresses by their order, addresses as numbers of 128 bits; keywords by the
                          code points of the folded text, so that "10" comes before "9"; of dates, `>=` is from the
                          span's begin, `>` after its end, `<=` until its end, `<` before its begin; text and booleans
                          have no ranges
lists                     one value is enough, and it alone must lie within a range
missing field             nothing is found by it, so that NOT finds it; `""` is a value, which `_exists_` finds
long values               are compared whole, whatever their length
field names               with regard to case
========================  =============================================================================================
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from sec_ops.model.folding import fold
from sec_ops.siem.events import Event, FieldType, FieldTypes, Scalar
from sec_ops.siem.query.tree import ANY, And, Everything, Exists, Match, Not, Or, Pattern, Query, Range
from sec_ops.siem.query.typed import Between, Like, Same, Test, Within, typed
from sec_ops.siem.query.values import address

__all__ = ["evaluate", "holds"]


def evaluate(query: Query, event: Event, types: FieldTypes) -> bool:
    """Tell whether the search finds the event; raises UsageError for a part that its field's type can't have."""
    match query:
        case Everything():
            return True
        case Exists(name):
            return bool(_values(event, name))
        case Not(inner):
            return not evaluate(inner, event, types)
        case And(queries):
            return all(evaluate(each, event, types) for each in queries)
        case Or(queries):
            return any(evaluate(each, event, types) for each in queries)
    return _found(query, event, types)


def holds(test: Test, value: Scalar) -> bool:
    """Tell whether a value, which is of the type that the test was made for, passes it."""
    match test:
        case Like(pattern, whole):
            compiled = _compiled(pattern)
            return bool((compiled.fullmatch if whole else compiled.search)(fold(str(value))))
        case Same(wanted):
            return value == wanted
        case Between():
            return _between(test, fold(value) if isinstance(value, str) else value)
        case Within(first, last):
            return first <= address(str(value)) <= last


def _found(query: Match | Range, event: Event, types: FieldTypes) -> bool:
    if query.field:
        test = typed(query, types.of(query.field))
        return any(holds(test, value) for value in _values(event, query.field))
    test = typed(query, FieldType.TEXT)
    searched = (name for name in event if types.of(name) is FieldType.TEXT)
    return any(holds(test, value) for name in searched for value in _values(event, name))


def _values(event: Event, name: str) -> Iterable[Scalar]:
    value = event.get(name, [])
    return value if isinstance(value, list) else [value]


def _between(test: Between, value: Scalar) -> bool:
    lower, upper = test.lower, test.upper
    above = lower is None or value > lower.value or (lower.closed and value == lower.value)  # type: ignore[operator]
    below = upper is None or value < upper.value or (upper.closed and value == upper.value)  # type: ignore[operator]
    return above and below


@lru_cache(maxsize=256)
def _compiled(pattern: Pattern) -> re.Pattern[str]:
    """Return an expression in which `*` never tries again what it once took in: linear, whatever the value."""
    source, rest = "", list(pattern)
    while rest:
        piece = rest.pop(0)
        if piece is not ANY:
            source += re.escape(piece) if isinstance(piece, str) else "."
            continue
        stretch = ""
        while rest and rest[0] is not ANY:
            each = rest.pop(0)
            stretch += re.escape(each) if isinstance(each, str) else "."
        source += f"(?>.*?{stretch})" if rest else f".*{stretch}"
    return re.compile(source, re.DOTALL)
