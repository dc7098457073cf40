"""What hunting asks of stored events: the distinct values of fields, and the events that have some of them.

Events come in stretches of bounded size, file by file, so that memory holds one; a stretch is read twice: only the
columns that are asked for, then the rows that are picked.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sec_ops.siem.embedded.arrow import python_columns
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import SQL_TYPES, Column, Own
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.parquet import number, scan
from sec_ops.siem.embedded.resolving import Resolver
from sec_ops.siem.embedded.selecting import resolver_of, time_condition
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import DATASET, RECORD, TIME, Event, FieldTypes, Scalar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Pick", "Stretch", "Values", "stretches"]

_ROWS: Final = 1_000_000
_TEXT_BYTES: Final = 2 * 1024 * 1024 * 1024
_OVERFLOW: Final = number(Own.OVERFLOW)
_SETS: Final = 40
"""Fields whose values are counted by one query: each costs about ten megabytes of memory."""


@dataclass(slots=True)
class Values:
    """The values of one field in a stretch: how many events have each (of a list, each of its values); or none."""

    counts: dict[Scalar, int] = field(default_factory=dict)
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """Events that have one of the values in a field, or, with `missing`, have no value in it."""

    field: str
    values: Collection[Scalar] = ()
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some events of one dataset."""

    dataset: str
    files: tuple[EventFile, ...]
    view: View = field(repr=False)
    span: Span
    types: FieldTypes = field(repr=False)
    folder: Path
    engine: "DuckDBPyConnection" = field(repr=False)

    def rows(self) -> int:
        """Return how many events there are; raises EngineError or StorageError, as all methods."""
        resolver = self._resolver()
        query = f"SELECT count(*) FROM {self._table(resolver)}"
        with engine_errors(self.folder):
            (found,) = self.engine.cursor().execute(query).fetchone() or (0,)
        return int(found)

    def values(self, fields: Sequence[str]) -> Mapping[str, Values]:
        """Return the values of fields; of a field that no event has, all are missing."""
        rows = self.rows()
        found = {name: Values(missing=rows) for name in fields}
        if DATASET in found:
            found[DATASET] = Values(counts={self.dataset: rows})
        resolver = self._resolver()
        parts = [
            _Part(name, sql, SQL_TYPES[self.types.of(name)] + ending)
            for name in fields
            if name != DATASET
            for sql, ending in ((resolver.plain(name), ""), (resolver.plain_list(name), "[]"))
            if sql is not None
        ]
        for first in range(0, len(parts), _SETS):
            self._count(parts[first : first + _SETS], resolver, found)
        return found

    def events(self, picks: Sequence[Pick]) -> Iterator[Event]:
        """Yield the events that any of the picks finds, whole, in no order."""
        resolver = self._resolver()
        parameters: list[Any] = []
        conditions = [part for pick in picks for part in _conditions(pick, resolver, self.types, parameters)]
        if not conditions:
            return
        numbers = {each for file in self.files for each in file.columns}
        columns = [each for each in self.view.columns[self.dataset].values() if each.number in numbers]
        own = [Own.TIME, Own.STREAM, Own.SEQUENCE, Own.INDEX, *([Own.OVERFLOW] if _OVERFLOW in numbers else [])]
        resolver.columns.update(columns)
        resolver.own.update(own)
        selected = ", ".join([*own, *(column.name for column in columns)])
        query = f"SELECT {selected} FROM {self._table(resolver)} WHERE {' OR '.join(conditions)}"
        with engine_errors(self.folder):
            for rows, values in python_columns(self.engine.cursor().sql(query, params=parameters)):
                yield from _events(self.dataset, rows, own, columns, values)

    def _resolver(self) -> Resolver:
        return resolver_of(self.dataset, self.files, self.view, self.types)

    def _table(self, resolver: Resolver) -> str:
        """Return the rows of the span, with the columns that were asked for until now."""
        where = time_condition(self.span, resolver).sql
        columns = sorted(resolver.columns, key=lambda column: column.number)
        paths = [self.folder / file.path for file in self.files]
        table = scan(paths, own=sorted(resolver.own, key=number), columns=columns)
        return f"(SELECT * FROM {table} WHERE {where})"

    def _count(self, parts: "Sequence[_Part]", resolver: Resolver, found: Mapping[str, Values]) -> None:
        """Count the values of fields in one pass: one grouping for each, whose rows have a value in it alone."""
        kinds = sorted({part.sql_type for part in parts})
        inner = ", ".join(f"{part.sql} AS v{place}" for place, part in enumerate(parts))
        which = " ".join(f"WHEN v{place} IS NOT NULL THEN {place}" for place in range(len(parts)))
        taken = [", ".join(f"v{place}" for place, part in enumerate(parts) if part.sql_type == kind) for kind in kinds]
        values = ", ".join(f"coalesce({names})" for names in taken)
        sets = ", ".join(f"(v{place})" for place in range(len(parts)))
        query = (
            f"SELECT CASE {which} END AS place, count(*), {values} FROM (SELECT {inner} FROM {self._table(resolver)}) "
            f"GROUP BY GROUPING SETS ({sets}) HAVING place IS NOT NULL"
        )
        where = [2 + kinds.index(part.sql_type) for part in parts]
        with engine_errors(self.folder):
            for row in self.engine.cursor().execute(query).fetchall():
                _add(found[parts[row[0]].name], row[where[row[0]]], row[1])


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression that holds a field's single values or its lists."""

    name: str
    sql: str
    sql_type: str


def stretches(
    view: View, *, span: Span, types: FieldTypes, folder: Path, engine: "DuckDBPyConnection"
) -> Iterator[Stretch]:
    """Yield the events of a view in stretches: of one dataset, of neighbouring files, of bounded size."""
    for dataset, files in view.files.items():
        for some in _bounded(files):
            yield Stretch(dataset=dataset, files=some, view=view, span=span, types=types, folder=folder, engine=engine)


def _bounded(files: Sequence[EventFile]) -> Iterator[tuple[EventFile, ...]]:
    taken: list[EventFile] = []
    rows = texts = 0
    for file in files:
        if taken and (rows + file.rows > _ROWS or texts + file.text_bytes > _TEXT_BYTES):
            yield tuple(taken)
            taken, rows, texts = [], 0, 0
        taken.append(file)
        rows, texts = rows + file.rows, texts + file.text_bytes
    if taken:
        yield tuple(taken)


def _add(values: Values, value: Scalar | list[Scalar], count: int) -> None:
    values.missing -= count
    for each in set(value) if isinstance(value, list) else (value,):
        values.counts[each] = values.counts.get(each, 0) + count


def _conditions(pick: Pick, resolver: Resolver, types: FieldTypes, parameters: list[Any]) -> Iterator[str]:
    single, many = resolver.plain(pick.field), resolver.plain_list(pick.field)
    if pick.missing:
        absent = [f"{sql} IS NULL" for sql in (single, many) if sql is not None]
        yield f"({' AND '.join(absent) or 'TRUE'})"
    if pick.values:
        wanted = f"?::{SQL_TYPES[types.of(pick.field)]}[]"
        if single is not None:
            parameters.append(list(pick.values))
            yield f"{single} IN (SELECT unnest({wanted}))"
        if many is not None:
            parameters.append(list(pick.values))
            yield f"list_has_any({many}, {wanted})"


def _events(
    dataset: str, rows: int, own: Sequence[Own], columns: Sequence[Column], values: Sequence[list[Any] | None]
) -> Iterator[Event]:
    """Make events of columns: only what is there is looked at."""
    mine = {name: column or [None] * rows for name, column in zip(own, values, strict=False)}
    place = zip(mine[Own.STREAM], mine[Own.SEQUENCE], mine[Own.INDEX], strict=True)
    events: list[Event] = [
        {TIME: time, DATASET: dataset, RECORD: f"{stream}/{sequence}/{index}"}
        for time, (stream, sequence, index) in zip(mine[Own.TIME], place, strict=True)
    ]
    for column, found in zip(columns, values[len(own) :], strict=True):
        name = column.field.name
        for event, value in zip(events, found or (), strict=False):
            if value is not None:
                event[name] = value
    for event, spilled in zip(events, mine.get(Own.OVERFLOW, ()), strict=False):
        if spilled is not None:
            event.update(json.loads(spilled))
    return iter(events)
