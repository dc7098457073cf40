"""What hunting asks of stored events: distinct values of fields, rows grouped by what their values pass, whole events.

Events come in stretches of bounded size, file by file, so that memory holds one; of a stretch only the columns that
are asked for are read. A row is named by a number: its file's place in the stretch and its own in the file.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sec_ops.siem.embedded.alike import FILE_BITS, Asked, Cell, Combination, Group, Part, Wanted, grouped
from sec_ops.siem.embedded.asking import query_of
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import SQL_TYPES, Own
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.pages import Pages
from sec_ops.siem.embedded.parquet import number, scan
from sec_ops.siem.embedded.resolving import Resolver
from sec_ops.siem.embedded.selecting import resolver_of, time_condition
from sec_ops.siem.embedded.views import Span, View
from sec_ops.siem.events import DATASET, RECORD, TIME, Event, FieldTypes, Scalar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Stretch", "stretches"]

_ROWS: Final = 1_000_000
_TEXT_BYTES: Final = 2 * 1024 * 1024 * 1024
_OVERFLOW: Final = number(Own.OVERFLOW)
_SETS: Final = 40
"""Columns whose values are found by one query: each costs about ten megabytes of memory."""
_PAGE: Final = 1_000


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
    pages: Pages = field(repr=False)

    def combinations(self, fields: Sequence[str]) -> Mapping[Combination, int]:
        """Return which values fields have together, and how many events have them so."""
        resolver = self._resolver()
        parts = self._parts(fields, resolver)
        selected = "".join(f"{part.sql}, " for part in parts)
        grouped = f"GROUP BY {', '.join(map(str, range(1, len(parts) + 1)))}" if parts else ""
        found: dict[Combination, int] = {}
        for *values, count in self._fetched(f"SELECT {selected}count(*) FROM {self._table(resolver)} {grouped}", []):
            cells = tuple(_cell_of(name, parts, values) for name in fields)
            found[cells] = found.get(cells, 0) + count
        return found

    def distinct(self, fields: Sequence[str]) -> Mapping[str, Sequence[Cell]]:
        """Return the values that fields have, each once, lists as a whole.

        Values of events of the same files outside the span may be among them.
        """
        parts = self._parts([name for name in fields if name != DATASET], self._resolver())
        found: dict[str, list[Cell]] = {name: [self.dataset] if name == DATASET else [] for name in fields}
        texts = self.pages.texts([part.sql for part in parts if part.is_text])
        for part in parts:
            found[part.name] += texts.get(part.sql) or ()
        others = dict.fromkeys(part.name for part in parts if texts.get(part.sql) is None)
        resolver = self._resolver()
        parts = [part for part in self._parts(list(others), resolver) if texts.get(part.sql) is None]
        for first in range(0, len(parts), _SETS):
            self._find(parts[first : first + _SETS], resolver, found)
        return found

    def holding(self, fields: Sequence[str], holds: Callable[[bytes], bool]) -> frozenset[str]:
        """Return those of the fields whose values may be what is looked for, going by their bytes.

        `holds` is given values in UTF-8, many at once with anything between them.
        """
        parts = self._parts([name for name in fields if name != DATASET], self._resolver())
        held = self.pages.holding([part.pages for part in parts if part.pages], holds)
        named = [DATASET] if DATASET in fields and holds(self.dataset.encode()) else []
        return frozenset([*named, *(part.name for part in parts if not part.pages or part.pages in held)])

    def groups(self, asked: Asked, wanted: Wanted) -> Iterator[Group]:
        """Yield the rows asked for, grouped by combination, numbers and pairs, of groups that are wanted by these."""
        resolver = self._resolver()
        own = self._parts(asked.fields, resolver)
        others = self._parts(list(dict.fromkeys([*asked.numbers, *chain(*asked.pairs)])), resolver)
        yield from grouped(self.engine, self.folder, query_of(asked, own, others, self._table(resolver)), wanted)

    def events(self, rows: Iterable[int], fields: Collection[str] | None = None) -> Iterator[tuple[int, Event]]:
        """Yield rows and their events file by file, whole or with these fields and those that every event has."""
        by_file: dict[int, list[int]] = {}
        for row in rows:
            by_file.setdefault(row >> FILE_BITS, []).append(row & (1 << FILE_BITS) - 1)
        for place, numbers in by_file.items():
            for at, event in self._events(self.files[place], numbers, fields):
                yield place << FILE_BITS | at, event

    def _events(
        self, file: EventFile, rows: Sequence[int], fields: Collection[str] | None
    ) -> Iterator[tuple[int, Event]]:
        known = set(file.columns)
        columns = [
            each
            for each in self.view.columns[self.dataset].values()
            if each.number in known and (fields is None or each.field.name in fields)
        ]
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
        return frozenset(kept) - {RECORD} | {DATASET}

    def spills(self) -> bool:
        """Return whether events have fields beyond the bound of columns, whose names only the events tell."""
        return any(_OVERFLOW in file.columns for file in self.files)

    def _resolver(self) -> Resolver:
        return resolver_of(self.dataset, self.files, self.view, self.types)

    def _parts(self, fields: Sequence[str], resolver: Resolver) -> list[Part]:
        return [
            Part(name, sql, SQL_TYPES[self.types.of(name)] + ending)
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

    def _find(self, parts: Sequence[Part], resolver: Resolver, found: Mapping[str, list[Cell]]) -> None:
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
            pages = Pages(engine, folder, [folder / file.path for file in some])
            yield Stretch(
                dataset=dataset,
                files=some,
                view=view,
                span=span,
                types=types,
                folder=folder,
                engine=engine,
                pages=pages,
            )


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


def _cell_of(name: str, parts: Sequence[Part], values: Sequence[Any]) -> Cell | None:
    there = (value for part, value in zip(parts, values, strict=True) if part.name == name and value is not None)
    return next((_cell(value) for value in there), None)
