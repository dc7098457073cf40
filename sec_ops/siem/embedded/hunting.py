"""What hunting asks of stored events: distinct values of fields, rows grouped by what their values pass, whole events.

Events come in stretches of bounded size, file by file, so that memory holds one; of a stretch only the columns that
are asked for are read. A row is named by a number: its file's place in the stretch and its own in the file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import SQL_TYPES, Own
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.parquet import number, scan
from sec_ops.siem.embedded.resolving import Resolver
from sec_ops.siem.embedded.selecting import resolver_of, time_condition
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import DATASET, RECORD, TIME, Event, FieldTypes, Scalar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Cell", "Group", "Stretch", "stretches"]

Cell = Scalar | tuple[Scalar, ...]
"""What a field holds in one event: a value, or a list of values."""

_ROWS: Final = 1_000_000
_TEXT_BYTES: Final = 2 * 1024 * 1024 * 1024
_OVERFLOW: Final = number(Own.OVERFLOW)
_SETS: Final = 40
"""Columns whose values are found by one query: each costs about ten megabytes of memory."""
_PAGE: Final = 1_000
_FILE_BITS: Final = 32
_ROW: Final = f"(file_index * {1 << _FILE_BITS} + file_row_number)"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows alike: the place of their combination, the number of each numbered field (None: none), their numbers."""

    combination: int
    numbers: tuple[int | None, ...]
    rows: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Part:
    """An expression that holds a field's single values, or its lists."""

    name: str
    sql: str
    sql_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some events of one dataset. All methods raise EngineError or StorageError."""

    dataset: str
    files: tuple[EventFile, ...]
    view: View = field(repr=False)
    span: Span
    types: FieldTypes = field(repr=False)
    folder: Path
    engine: "DuckDBPyConnection" = field(repr=False)

    def combinations(self, fields: Sequence[str]) -> Mapping[tuple[Cell | None, ...], int]:
        """Return which values fields have together, and how many events have them so."""
        resolver = self._resolver()
        parts = self._parts(fields, resolver)
        selected = "".join(f"{part.sql}, " for part in parts)
        grouped = f"GROUP BY {', '.join(map(str, range(1, len(parts) + 1)))}" if parts else ""
        found: dict[tuple[Cell | None, ...], int] = {}
        for *values, count in self._fetched(f"SELECT {selected}count(*) FROM {self._table(resolver)} {grouped}", []):
            cells = tuple(_cell_of(name, parts, values) for name in fields)
            found[cells] = found.get(cells, 0) + count
        return found

    def distinct(self, fields: Sequence[str]) -> Mapping[str, Sequence[Cell]]:
        """Return the values that fields have, each once, lists as a whole."""
        resolver = self._resolver()
        parts = self._parts(fields, resolver)
        found: dict[str, list[Cell]] = {name: [] for name in fields}
        for first in range(0, len(parts), _SETS):
            self._find(parts[first : first + _SETS], resolver, found)
        return found

    def groups(
        self,
        fields: Sequence[str],
        combinations: Sequence[tuple[Cell | None, ...]],
        numbers: Mapping[str, Mapping[Cell, int]],
    ) -> Iterator[Group]:
        """Yield the events that have one of the combinations, grouped by it and by the numbers of their values.

        `numbers` gives numbers to values of other fields; a value without one is as if there were none.
        """
        resolver = self._resolver()
        own = self._parts(fields, resolver)
        others = self._parts(list(numbers), resolver)
        parameters: list[Any] = []
        wanted = _wanted(fields, own, combinations)
        parameters += wanted.joined
        joins = [_numbered(place, part, numbers[part.name], parameters) for place, part in enumerate(others)]
        parameters += wanted.tested
        taken = [f"{part.sql} AS q{place}" for place, part in enumerate(own)]
        taken += [f"{part.sql} AS v{place}" for place, part in enumerate(others)]
        selected = "".join(f"{_one_of(name, others)}, " for name in numbers)
        rows = ", ".join([*taken, "file_index", "file_row_number"])
        query = (
            f"SELECT {wanted.place}, {selected}list({_ROW}) FROM (SELECT {rows} FROM {self._table(resolver)}) t "
            f"{wanted.join} {' '.join(joins)} WHERE {wanted.where} "
            f"GROUP BY {', '.join(map(str, range(1, len(numbers) + 2)))}"
        )
        for place, *given, found in self._fetched(query, parameters):
            yield Group(place, tuple(given), found)

    def events(self, rows: Iterable[int]) -> Iterator[tuple[int, Event]]:
        """Yield rows and their events, whole, file by file."""
        by_file: dict[int, list[int]] = {}
        for row in rows:
            by_file.setdefault(row >> _FILE_BITS, []).append(row & (1 << _FILE_BITS) - 1)
        for place, numbers in by_file.items():
            for at, event in self._events(self.files[place], numbers):
                yield place << _FILE_BITS | at, event

    def _events(self, file: EventFile, rows: Sequence[int]) -> Iterator[tuple[int, Event]]:
        known = set(file.columns)
        columns = [each for each in self.view.columns[self.dataset].values() if each.number in known]
        own = [Own.TIME, Own.STREAM, Own.SEQUENCE, Own.INDEX, *([Own.OVERFLOW] if _OVERFLOW in known else [])]
        table = scan([self.folder / file.path], own=own, columns=columns)
        selected = ", ".join([*own, *(column.name for column in columns)])
        query = f"SELECT file_row_number, {selected} FROM {table} WHERE file_row_number IN (SELECT unnest(?::BIGINT[]))"
        names = [column.field.name for column in columns]
        with engine_errors(self.folder):
            found = self.engine.cursor().execute(query, [rows])
            while page := found.fetchmany(_PAGE):
                for place, time, stream, sequence, index, *values in page:
                    spilled = values.pop(0) if Own.OVERFLOW in own else None
                    event = {name: value for name, value in zip(names, values, strict=True) if value is not None}
                    event.update(json.loads(spilled) if spilled else {})
                    own_fields = {TIME: time, DATASET: self.dataset, RECORD: f"{stream}/{sequence}/{index}"}
                    yield place, {**own_fields, **event}

    def has(self, fields: Sequence[str]) -> frozenset[str]:
        """Return those of the fields that an event of these files has, or may have."""
        numbers = {each for file in self.files for each in file.columns}
        known = {each.field.name for each in self.view.columns[self.dataset].values() if each.number in numbers}
        return frozenset(fields) if _OVERFLOW in numbers else frozenset(fields) & (known | {TIME, DATASET, RECORD})

    def worded(self) -> frozenset[str]:
        """Return the fields of these files whose values may have letters: all but whole numbers."""
        numbers = {each for file in self.files for each in file.columns}
        columns = self.view.columns[self.dataset].values()
        kept = {each.field.name for each in columns if each.number in numbers and "BIGINT" not in each.field.sql_type}
        return frozenset(kept) - {RECORD}

    def spills(self) -> bool:
        """Return whether events have fields beyond the bound of columns, whose names only the events tell."""
        return any(_OVERFLOW in file.columns for file in self.files)

    def _resolver(self) -> Resolver:
        return resolver_of(self.dataset, self.files, self.view, self.types)

    def _parts(self, fields: Sequence[str], resolver: Resolver) -> list[_Part]:
        return [
            _Part(name, sql, SQL_TYPES[self.types.of(name)] + ending)
            for name in fields
            for sql, ending in ((resolver.plain(name), ""), (resolver.plain_list(name), "[]"))
            if sql is not None
        ]

    def _table(self, resolver: Resolver) -> str:
        """Return the rows of the span, with the columns that were asked for until now."""
        where = time_condition(self.span, resolver).sql
        columns = sorted(resolver.columns, key=lambda column: column.number)
        paths = [self.folder / file.path for file in self.files]
        table = scan(paths, own=sorted(resolver.own, key=number), columns=columns)
        return f"(SELECT *, file_index, file_row_number FROM {table} WHERE {where})"

    def _fetched(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with engine_errors(self.folder):
            return self.engine.cursor().execute(query, parameters).fetchall()

    def _find(self, parts: Sequence[_Part], resolver: Resolver, found: Mapping[str, list[Cell]]) -> None:
        """Find the values of columns in one pass: a grouping for each, whose rows have a value in it alone."""
        kinds = sorted({part.sql_type for part in parts})
        inner = ", ".join(f"{part.sql} AS v{place}" for place, part in enumerate(parts))
        which = " ".join(f"WHEN v{place} IS NOT NULL THEN {place}" for place in range(len(parts)))
        alike = [", ".join(f"v{place}" for place, part in enumerate(parts) if part.sql_type == kind) for kind in kinds]
        values = ", ".join(f"coalesce({names})" for names in alike)
        sets = ", ".join(f"(v{place})" for place in range(len(parts)))
        query = (
            f"SELECT CASE {which} END AS place, {values} FROM (SELECT {inner} FROM {self._table(resolver)}) "
            f"GROUP BY GROUPING SETS ({sets}) HAVING place IS NOT NULL"
        )
        where = [1 + kinds.index(part.sql_type) for part in parts]
        for row in self._fetched(query, []):
            found[parts[row[0]].name].append(_cell(row[where[row[0]]]))


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


def _cell(value: Scalar | list[Scalar]) -> Cell:
    return tuple(value) if isinstance(value, list) else value


def _cell_of(name: str, parts: Sequence[_Part], values: Sequence[Any]) -> Cell | None:
    there = (value for part, value in zip(parts, values, strict=True) if part.name == name and value is not None)
    return next((_cell(value) for value in there), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What keeps to combinations: a join before others, or a condition, with their parameters; the place of a row's."""

    place: str
    join: str = ""
    joined: Sequence[Any] = ()
    where: str = "TRUE"
    tested: Sequence[Any] = ()


def _wanted(fields: Sequence[str], parts: Sequence[_Part], combinations: Sequence[tuple[Cell | None, ...]]) -> _Wanted:
    """Return what keeps to the combinations: to one, a condition, for which less of the files is read."""
    cells = [[_value(each[fields.index(part.name)], part) for each in combinations] for part in parts]
    if len(combinations) == 1:
        tests = [f"t.q{place} IS NULL" if each == [None] else f"t.q{place} = ?" for place, each in enumerate(cells)]
        given = [value for (value,) in cells if value is not None]
        return _Wanted(place="0", where=" AND ".join(tests) or "TRUE", tested=given)
    columns = ["unnest(?::INTEGER[]) AS k"]
    columns += [f"unnest(?::{part.sql_type}[]) AS r{place}" for place, part in enumerate(parts)]
    tests = [f"t.q{place} IS NOT DISTINCT FROM w.r{place}" for place in range(len(parts))]
    join = f"JOIN (SELECT {', '.join(columns)}) w ON {' AND '.join(tests) or 'TRUE'}"
    return _Wanted(place="w.k", join=join, joined=[list(range(len(combinations))), *cells])


def _numbered(place: int, part: _Part, numbers: Mapping[Cell, int], parameters: list[Any]) -> str:
    """Return the join that gives a column's values their numbers."""
    pairs = [(value, given) for cell, given in numbers.items() if (value := _value(cell, part)) is not None]
    parameters += [[value for value, _ in pairs], [given for _, given in pairs]]
    given = f"(SELECT unnest(?::{part.sql_type}[]) AS v, unnest(?::INTEGER[]) AS i)"
    return f"LEFT JOIN {given} m{place} ON m{place}.v = t.v{place}"


def _value(cell: Cell | None, part: _Part) -> Any:  # noqa: ANN401 - a parameter
    if isinstance(cell, tuple):
        return list(cell) if part.sql_type.endswith("[]") else None
    return None if part.sql_type.endswith("[]") else cell


def _one_of(name: str, parts: Sequence[_Part]) -> str:
    numbers = [f"m{place}.i" for place, part in enumerate(parts) if part.name == name]
    return f"coalesce({', '.join([*numbers, 'NULL::INTEGER'])})"
