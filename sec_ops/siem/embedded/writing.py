"""Tables to Parquet files: whole and synced under their names, though nobody knows them before the manifest does."""

import json
from array import array
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sec_ops.siem.embedded.arrow import ArrowRows, TooLarge, arrow_column, integers, texts
from sec_ops.siem.embedded.columns import ColumnBook
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import Column, Field, Own
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.grouping import halves, parted, portions
from sec_ops.siem.embedded.parquet import copy_statement, digest_of, number, settled
from sec_ops.siem.embedded.partitions import Partition, folder_of, receipts, times
from sec_ops.siem.embedded.shaping import Shaped, shape
from sec_ops.siem.events import FieldType, FieldTypes
from sec_ops.siem.packing import some_texts, whole_texts
from sec_ops.siem.tables import Table, merged

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["FileWriter", "discard"]

_BYTES_BOUND = 64 * 1024 * 1024
"""Text of one file in memory that is not gone beyond but by a single row."""
_CELLS_BOUND = 7_000_000
"""Columns by rows of one file: DuckDB holds some bytes of each, empty ones too, within its bound of memory."""


class FileWriter:
    """Writes partitions of events below their folder."""

    def __init__(
        self,
        folder: Path,
        engine: "DuckDBPyConnection",
        *,
        book: ColumnBook,
        types: FieldTypes,
        randomness: Callable[[int], bytes],
    ) -> None:
        self._folder = folder
        self._engine = engine
        self._book = book
        self._types = types
        self._randomness = randomness

    def write(self, partition: Partition, tables: Sequence[Table], now_us: int, written: list[EventFile]) -> None:
        """Write tables to as many files as their size asks for, and add each to `written` when it is on disk.

        Raises StorageError or EngineError; what was written until then is in `written`.
        """
        for lot in parted(merged(tables)):
            for portion in portions(lot):
                self._write_some(partition, portion, now_us, written)

    def _write_some(self, partition: Partition, tables: Sequence[Table], now_us: int, written: list[EventFile]) -> None:
        shaped = shape(tables, self._types)
        try:
            _refuse_bulk(shaped)
            written.append(self._write_file(partition, shaped, now_us))
        except TooLarge:
            for half in halves(tables):
                self._write_some(partition, half, now_us, written)

    def _write_file(self, partition: Partition, shaped: Shaped, now_us: int) -> EventFile:
        columns = self._book.numbered(partition.dataset, shaped.fields)
        happened = [*chain.from_iterable(times(table, now_us) for table in shaped.tables)]
        received = [span for table in shaped.tables for span in _ends(receipts(table, now_us))]
        own = {Own.TIME: integers(array("q", happened)), **_places(shaped.tables)}
        if len(columns) < len(shaped.fields):
            own[Own.OVERFLOW] = _overflow(shaped, columns)
        path = f"{folder_of(partition)}/{self._randomness(8).hex()}.parquet"
        with settled(self._folder / path) as neighbour:
            self._copy(partition.dataset, own, shaped, list(columns.values()), neighbour)
        return EventFile(
            path=path,
            dataset=partition.dataset,
            day=partition.day,
            rows=shaped.rows,
            bytes=(self._folder / path).stat().st_size,
            sha256=digest_of(self._folder / path),
            first_us=min(happened),
            last_us=max(happened),
            first_received_us=min(received),
            last_received_us=max(received),
            sorted=False,
            text_bytes=shaped.text_bytes,
            columns=(*map(number, own), *(column.number for column in columns.values())),
        )

    def _copy(
        self, dataset: str, own: dict[Own, Any], shaped: Shaped, columns: Sequence[Column], neighbour: Path
    ) -> None:
        encoded = {each.name: arrow_column(each.field, shaped.fields[each.field], shaped.rows) for each in columns}
        table = ArrowRows(shaped.rows, {each.value: array for each, array in own.items()} | encoded)
        select = ", ".join([*own, *map(_selected, columns)])
        statement = copy_statement(
            f"SELECT {select} FROM rows_",
            neighbour,
            dataset=dataset,
            own=list(own),
            columns=columns,
        )
        with engine_errors(neighbour):
            self._engine.register("rows_", table)
            try:
                self._engine.execute(statement)
            finally:
                self._engine.unregister("rows_")


def discard(folder: Path, files: Iterable[EventFile]) -> None:
    """Remove files that were not registered; what can't be removed is swept later."""
    for file in files:
        with suppress(OSError):
            (folder / file.path).unlink(missing_ok=True)


def _selected(column: Column) -> str:
    """Return a column for the SELECT; booleans are handed over as bytes."""
    if column.field.type is not FieldType.BOOLEAN:
        return column.name
    return f"CAST({column.name} AS {column.field.sql_type}) AS {column.name}"


def _refuse_bulk(shaped: Shaped) -> None:
    too_wide = len(shaped.fields) * shaped.rows > _CELLS_BOUND
    if shaped.rows > 1 and (too_wide or shaped.text_bytes > _BYTES_BOUND):
        raise TooLarge


def _places(tables: Sequence[Table]) -> dict[Own, Any]:
    """Return the columns that name the raw record of each row: the field `sec_ops.record`, in parts."""
    places = [place for table in tables for place in table.places]
    return {
        Own.STREAM: texts(whole_texts([place.stream for place in places])),
        Own.SEQUENCE: integers(array("q", [place.sequence for place in places])),
        Own.INDEX: integers(array("q", [index for table in tables for index in table.indexes])),
        Own.PART: integers(array("q", [part for table in tables for part in table.parts])),
    }


def _ends(values: Sequence[int]) -> tuple[int, int]:
    return min(values), max(values)


def _overflow(shaped: Shaped, columns: Iterable[Field]) -> Any:  # noqa: ANN401 - an array of nanoarrow
    """Return the column of JSON text with the fields that have no column."""
    spilled: list[dict[str, Any]] = [{} for _ in range(shaped.rows)]
    for field in shaped.fields.keys() - set(columns):
        for first, piece in shaped.fields[field]:
            for row, value in enumerate(piece.values(), first):
                if value is not None:
                    spilled[row][field.name] = value
    written = [json.dumps(each, ensure_ascii=False, sort_keys=True) if each else None for each in spilled]
    return texts(some_texts(written))
