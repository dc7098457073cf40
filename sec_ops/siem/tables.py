"""Events in tables: those with the same fields lie together, column by column.

A parser of records that repeat few shapes makes a table of those of one shape, and a store that keeps columns takes it
as it is: nothing is done once for each event that can be done once for a column. `Rows` gives the same events one by
one, as maps, to whoever wants them so.
"""

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import NoneType
from typing import Any, Final, overload

from sec_ops.siem.events import RECORD, Row, Scalar
from sec_ops.siem.records import Place

__all__ = [
    "Column",
    "Numbers",
    "Packed",
    "Rows",
    "Table",
    "Texts",
    "bits",
    "merged",
    "packed",
    "packed_columns",
    "some_texts",
    "tables_of",
    "whole_texts",
]

Value = Scalar | list[Scalar]
_TEXTS: Final = frozenset({str, NoneType})
_WHOLE: Final = {int}
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Texts:
    """A column of texts in one piece of UTF-8: less memory than as many objects, and what Arrow asks for.

    `lengths` are bytes, 0 where a row has no text; bit n of `present` says that row n has one, None that all have.
    """

    data: bytes
    lengths: "array[int]"
    present: int | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def values(self) -> list[str | None]:
        """Return the texts, None where a row has none."""
        texts: list[str | None] = [piece.decode() for piece in self._pieces(range(len(self)))]
        return texts if self.present is None else _missing(texts, self.present)

    def take(self, rows: Sequence[int]) -> "Texts":
        """Return the column of some rows."""
        lengths = array("i", [self.lengths[row] for row in rows])
        return Texts(b"".join(self._pieces(rows)), lengths, _chosen(self.present, len(self), rows))

    def _pieces(self, rows: Sequence[int]) -> list[bytes]:
        ends = list(accumulate(self.lengths))
        return [self.data[ends[row] - self.lengths[row] : ends[row]] for row in rows]


@dataclass(slots=True)
class Numbers:
    """A column of numbers, 0 where a row has none; `present` as in `Texts`."""

    data: "array[Any]"
    present: int | None = None

    def __len__(self) -> int:
        return len(self.data)

    def values(self) -> list[Any]:
        """Return the numbers, None where a row has none."""
        return self.data.tolist() if self.present is None else _missing(self.data, self.present)

    def take(self, rows: Sequence[int]) -> "Numbers":
        """Return the column of some rows."""
        data = array(self.data.typecode, [self.data[row] for row in rows])
        return Numbers(data, _chosen(self.present, len(self), rows))


def _missing(values: Sequence[Any], present: int) -> list[Any]:
    return [value if there else None for value, there in zip(values, _flags(present, len(values)), strict=True)]


def _chosen(present: int | None, length: int, rows: Sequence[int]) -> int | None:
    if present is None:
        return None
    flags = _flags(present, length)
    return bits([flags[row] for row in rows])


def _flags(present: int, length: int) -> list[bool]:
    return [digit == "1" for digit in reversed(f"{present:0{length}b}")]


Packed = Texts | Numbers
Column = Packed | Sequence[Value | None]
"""The values of one field, None where an event lacks it."""


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


def packed(values: Sequence[Value | None]) -> Column:
    """Return a column as it takes least memory: texts in one piece, whole numbers as such, all others as they are."""
    if type(values[0]) is int:
        return _whole_numbers(values)
    try:
        return whole_texts(values)  # type: ignore[arg-type]
    except TypeError:
        return some_texts(values) if set(map(type, values)) <= _TEXTS else values  # type: ignore[arg-type]


def _whole_numbers(values: Sequence[Value | None]) -> Column:
    if set(map(type, values)) != _WHOLE:
        return values
    try:
        return Numbers(array("q", values))
    except OverflowError:
        return values


def packed_columns(columns: Mapping[str, Sequence[Value | None]]) -> dict[str, Column]:
    """Return columns packed; what is the same column under several names is packed once."""
    known: dict[int, Column] = {}
    for values in columns.values():
        if id(values) not in known:
            known[id(values)] = packed(values)
    return {name: known[id(values)] for name, values in columns.items()}


def some_texts(values: Sequence[str | None]) -> Texts:
    """Return a column of texts, some of which may be missing."""
    if None not in values:
        return whole_texts(values)  # type: ignore[arg-type]
    filled = whole_texts(["" if value is None else value for value in values])
    return Texts(filled.data, filled.lengths, bits([value is not None for value in values]))


def bits(flags: Sequence[object]) -> int:
    """Return a number whose bit n says whether flag n is set."""
    return int("".join(["1" if flag else "0" for flag in reversed(flags)]), 2)


def whole_texts(values: Sequence[str]) -> Texts:
    """Return a column of texts; raises TypeError when it holds something else."""
    joined = "".join(values)
    if joined.isascii():
        return Texts(joined.encode(), array("i", list(map(len, values))))
    encoded = list(map(_encoded, values))
    return Texts(b"".join(encoded), array("i", list(map(len, encoded))))


def _encoded(value: str) -> bytes:
    """Return UTF-8; half a surrogate pair, which no Unicode text has, becomes U+FFFD."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", value).encode()


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
        name: _joined([packed([table.constants[name]] * len(table)) for table in tables])
        for name in first.constants.keys() - shared.keys()
    }
    return Table(
        constants=shared,
        columns=columns | {name: _joined([table.columns[name] for table in tables]) for name in first.columns},
        places=[place for table in tables for place in table.places],
        indexes=[index for table in tables for index in table.indexes],
        parts=[part for table in tables for part in table.parts],
    )


def _joined(columns: Sequence[Column]) -> Column:
    """Return columns one after the other."""
    texts = [column for column in columns if isinstance(column, Texts)]
    if len(texts) == len(columns):
        data = b"".join([column.data for column in texts])
        return Texts(data, _chained([column.lengths for column in texts]), _present(texts))
    numbers = [column for column in columns if isinstance(column, Numbers)]
    if len(numbers) == len(columns):
        return Numbers(_chained([column.data for column in numbers]), _present(numbers))
    return [value for column in columns for value in (column.values() if isinstance(column, Packed) else column)]


def _chained(arrays: Sequence["array[Any]"]) -> "array[Any]":
    chained = arrays[0][:]
    for each in arrays[1:]:
        chained += each
    return chained


def _present(columns: Sequence[Packed]) -> int | None:
    if all(column.present is None for column in columns):
        return None
    present = rows = 0
    for column in columns:
        whole = (1 << len(column)) - 1
        present |= (whole if column.present is None else column.present) << rows
        rows += len(column)
    return present


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
