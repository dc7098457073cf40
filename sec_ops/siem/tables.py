"""Events in tables: those with the same fields lie together, column by column.

A parser of records that repeat few shapes makes a table of those of one shape, and a store that keeps columns takes it
as it is: nothing is done once for each event that can be done once for a column. `Rows` gives the same events one by
one, as maps, to whoever wants them so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from sec_ops.siem.events import RECORD, Row
from sec_ops.siem.packing import Column, Packed, Value, joined, packed
from sec_ops.siem.records import Place

__all__ = ["Rows", "Table", "merged", "tables_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Events with the same fields: those that all share in `constants`, the others in columns.

    Row n came of record `indexes[n]` of the batch at `places[n]`, as event `parts[n]` of that record.
    """

    constants: Mapping[str, Value]
    columns: Mapping[str, Column]
    places: Sequence[Place]
    indexes: Sequence[int]
    parts: Sequence[int]

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return (*self.constants, *self.columns)

    def values(self, name: str) -> Sequence[Value | None]:
        """Return the values of a field, None where an event lacks it."""
        column = self.columns.get(name)
        if column is None:
            return [self.constants.get(name)] * len(self)
        return column.values() if isinstance(column, Packed) else column

    def rows(self) -> Iterator[Row]:
        """Yield the events one by one, each a map of its own."""
        columns = [self.values(name) for name in self.columns]
        values = zip(*columns, strict=True) if columns else iter([()] * len(self))
        for each, place, index, part in zip(values, self.places, self.indexes, self.parts, strict=True):
            own = {name: value for name, value in zip(self.columns, each, strict=True) if value is not None}
            yield Row({**self.constants, **own, RECORD: place.record(index)}, place, index, part)

    def take(self, rows: Sequence[int]) -> "Table":
        """Return the table of some of its rows."""
        return Table(
            constants=self.constants,
            columns={
                name: column.take(rows) if isinstance(column, Packed) else [column[row] for row in rows]
                for name, column in self.columns.items()
            },
            places=[self.places[row] for row in rows],
            indexes=[self.indexes[row] for row in rows],
            parts=[self.parts[row] for row in rows],
        )


class Rows(Sequence[Row]):
    """Events of any number of batches, in tables and singly; those of a table are made when they are asked for."""

    __slots__ = ("single", "tables")

    def __init__(self, single: Iterable[Row] = (), tables: Iterable[Table] = ()) -> None:
        self.single = list(single)
        self.tables = list(tables)

    def add(self, rows: Sequence[Row]) -> None:
        """Add events as they are."""
        if isinstance(rows, Rows):
            self.single += rows.single
            self.tables += rows.tables
        else:
            self.single += rows

    def __len__(self) -> int:
        return len(self.single) + sum(map(len, self.tables))

    def __iter__(self) -> Iterator[Row]:
        yield from self.single
        for table in self.tables:
            yield from table.rows()

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return list(self)[index]


def tables_of(rows: Sequence[Row]) -> list[Table]:
    """Return events in tables: single ones with those that have the same fields."""
    if isinstance(rows, Rows):
        return [*rows.tables, *_grouped(rows.single)]
    return _grouped(rows)


def merged(tables: Sequence[Table]) -> list[Table]:
    """Return tables with those that have the same fields as one, in the order of their fields."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Table]] = {}
    for table in tables:
        groups.setdefault((tuple(table.constants), tuple(table.columns)), []).append(table)
    return [_merged(groups[names]) for names in sorted(groups)]


def _merged(tables: Sequence[Table]) -> Table:
    first = tables[0]
    if len(tables) == 1:
        return first
    shared = {
        name: value
        for name, value in first.constants.items()
        if all(table.constants[name] == value for table in tables)
    }
    columns = {
        name: joined([packed([table.constants[name]] * len(table)) for table in tables])
        for name in first.constants.keys() - shared.keys()
    }
    return Table(
        constants=shared,
        columns=columns | {name: joined([table.columns[name] for table in tables]) for name in first.columns},
        places=[place for table in tables for place in table.places],
        indexes=[index for table in tables for index in table.indexes],
        parts=[part for table in tables for part in table.parts],
    )


def _grouped(rows: Sequence[Row]) -> list[Table]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        keys = tuple(row.event)
        alike = groups.get(keys)
        if alike is None:
            groups[keys] = [row]
        else:
            alike.append(row)
    return [_table(keys, alike) for keys, alike in groups.items()]


def _table(keys: tuple[str, ...], rows: Sequence[Row]) -> Table:
    columns = zip(*[row.event.values() for row in rows], strict=True)
    return Table(
        constants={},
        columns=dict(zip(keys, columns, strict=True)),
        places=[row.place for row in rows],
        indexes=[row.index for row in rows],
        parts=[row.part for row in rows],
    )
