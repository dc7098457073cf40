"""The text of a search: `parse(written(query))` means what the query means."""

import re

from sec_ops.siem.query.tree import And, Bound, Everything, Exists, Match, Not, Or, Query, Range, Wildcard

__all__ = ["written"]

_QUOTED = re.compile(r'([\\"])')
_OTHER = re.compile(r"([^0-9A-Za-z一-龥])")


def written(query: Query) -> str:
    match query:
        case Everything():
            return "*"
        case Exists(name):
            return f"_exists_:{_escaped(name)}"
        case Not(inner):
            return f"NOT ({written(inner)})"
        case And(queries):
            return " AND ".join(f"({written(each)})" for each in queries)
        case Or(queries):
            return " OR ".join(f"({written(each)})" for each in queries)
        case Match(name, pattern):
            text = "".join(each.value if isinstance(each, Wildcard) else _escaped(each) for each in pattern)
            return _named(name, f'"{text}"' if text in ("", "AND", "OR", "NOT") else text)
        case Range(name, lower, upper):
            opening = "[" if lower is None or lower.closed else "{"
            closing = "]" if upper is None or upper.closed else "}"
            return _named(name, f"{opening}{_bound(lower)} TO {_bound(upper)}{closing}")


def _named(name: str, text: str) -> str:
    return f"{_escaped(name)}:{text}" if name else text


def _bound(bound: Bound | None) -> str:
    if bound is None:
        return "*"
    quoted = _QUOTED.sub(r"\\\1", bound.text)
    return f'"{quoted}"'


def _escaped(text: str) -> str:
    return _OTHER.sub(lambda found: found[0] if found[0].isalnum() else f"\\{found[0]}", text)
