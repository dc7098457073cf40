"""A search as a condition of DuckDB, which is TRUE for the events found and FALSE or NULL for all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sec_ops.siem.events import FieldType, FieldTypes
from sec_ops.siem.query.sql_value import Condition, test_sql
from sec_ops.siem.query.tree import And, Everything, Exists, Match, Not, Or, Query, Range
from sec_ops.siem.query.typed import Test, typed

__all__ = ["Columns", "Condition", "FieldColumns", "compile_sql"]

_NEVER = Condition("FALSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumns:
    """Where a dataset keeps a field, as SQL expressions: of one value, of a list, of both or of neither.

    Both are NULL (or the list empty) in a row that has no such value. The type is the field's: keyword, text and ip
    VARCHAR, long BIGINT, double DOUBLE, boolean BOOLEAN, date BIGINT (microseconds); of `many`, a list of these.
    """

    single: str | None = None
    many: str | None = None


class Columns(Protocol):
    """What a store says of the columns of a dataset."""

    def of(self, name: str) -> FieldColumns:
        """Return where a field is kept; without columns when the dataset doesn't have it."""
        ...

    def texts(self) -> Sequence[str]:
        """Return the fields of the dataset that the catalogue says are text."""
        ...


def compile_sql(query: Query, types: FieldTypes, columns: Columns) -> Condition:
    """Return the condition, with `?` for its parameters in their order.

    Never a condition that is TRUE for an event that `evaluate` doesn't find, or the other way round; NULL doesn't leak
    through NOT. Raises UsageError for a part that its field's type can't have.
    """
    match query:
        case Everything():
            return Condition("TRUE")
        case Exists(name):
            return _exists(columns.of(name))
        case Not(inner):
            condition = compile_sql(inner, types, columns)
            return Condition(f"({condition.sql} IS NOT TRUE)", condition.parameters)
        case And(queries):
            return _joined(" AND ", [compile_sql(each, types, columns) for each in queries], Condition("TRUE"))
        case Or(queries):
            return _joined(" OR ", [compile_sql(each, types, columns) for each in queries], _NEVER)
    return _leaf(query, types, columns)


def _leaf(query: Match | Range, types: FieldTypes, columns: Columns) -> Condition:
    if query.field:
        kind = types.of(query.field)
        return _any_value(columns.of(query.field), typed(query, kind), kind)
    test = typed(query, FieldType.TEXT)
    found = [_any_value(columns.of(name), test, FieldType.TEXT) for name in columns.texts()]
    return _joined(" OR ", found, _NEVER)


def _exists(where: FieldColumns) -> Condition:
    parts = []
    if where.single:
        parts.append(Condition(f"{where.single} IS NOT NULL"))
    if where.many:
        parts.append(Condition(f"len({where.many}) > 0"))
    return _joined(" OR ", parts, _NEVER)


def _any_value(where: FieldColumns, test: Test, kind: FieldType) -> Condition:
    parts = []
    if where.single:
        parts.append(test_sql(test, kind, where.single))
    if where.many:
        inner = test_sql(test, kind, "value_")
        sql = f"len(list_filter({where.many}, lambda value_: {inner.sql})) > 0"
        parts.append(Condition(sql, inner.parameters))
    return _joined(" OR ", parts, _NEVER)


def _joined(word: str, parts: Sequence[Condition], none: Condition) -> Condition:
    if len(parts) < 2:
        return parts[0] if parts else none
    sql = word.join(part.sql for part in parts)
    return Condition(f"({sql})", tuple(value for part in parts for value in part.parameters))
