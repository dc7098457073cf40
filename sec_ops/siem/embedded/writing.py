"""Rows to Parquet files: whole and synced under their names, though nobody knows them before the manifest does."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sec_ops.siem.embedded.arrow import ArrowRows, TooLarge, arrow_column, integers, texts
from sec_ops.siem.embedded.columns import ColumnBook
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import Column, Field, Kind, Own
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.grouping import Alike, grouped, parted
from sec_ops.siem.embedded.parquet import copy_statement, digest_of, number, settled
from sec_ops.siem.embedded.partitions import INGESTED, Partition, folder_of, received_us, time_us
from sec_ops.siem.embedded.shaping import Runs, Shaped, shape
from sec_ops.siem.events import FieldType, FieldTypes, Row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["FileWriter", "discard"]

_ROWS_BOUND = 20_000
_ROWS_LEAST, _SAMPLED = 500, 100
_BYTES_WANTED, _BYTES_BOUND = 20 * 1024 * 1024, 64 * 1024 * 1024
"""Text of one file in memory: what is aimed at, by a sample, and what is not gone beyond but by a single row."""
_CELLS_BOUND = 7_000_000
"""Columns by rows of one file: DuckDB holds some bytes of each, empty ones too, within its bound of memory."""


class FileWriter:
    """Writes partitions of rows below the folder of events."""

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

    def write(self, partition: Partition, rows: Sequence[Row], now_us: int, written: list[EventFile]) -> None:
        """Write rows to as many files as their size asks for, and add each to `written` when it is on disk.

        Raises StorageError or EngineError; what was written until then is in `written`.
        """
        step = _rows_of(rows)
        for start in range(0, len(rows), step):
            for groups in parted(grouped(rows[start : start + step])):
                self._write_some(partition, groups, now_us, written)

    def _write_some(self, partition: Partition, groups: Alike, now_us: int, written: list[EventFile]) -> None:
        shaped = shape(groups, self._types)
        try:
            _refuse_bulk(shaped)
            written.append(self._write_file(partition, shaped, now_us))
        except TooLarge:
            middle = len(shaped.rows) // 2
            self._write_some(partition, grouped(shaped.rows[:middle]), now_us, written)
            self._write_some(partition, grouped(shaped.rows[middle:]), now_us, written)

    def _write_file(self, partition: Partition, shaped: Shaped, now_us: int) -> EventFile:
        columns = self._book.numbered(partition.dataset, shaped.fields)
        times = shaped.times or [time_us(row.event, now_us) for row in shaped.rows]
        own = {Own.TIME: integers(times), **_places(shaped.rows)}
        if len(columns) < len(shaped.fields):
            own[Own.OVERFLOW] = _overflow(shaped, columns)
        path = f"{folder_of(partition)}/{self._randomness(8).hex()}.parquet"
        with settled(self._folder / path) as neighbour:
            self._copy(partition.dataset, own, shaped, list(columns.values()), neighbour)
        received = _received(shaped, now_us)
        return EventFile(
            path=path,
            dataset=partition.dataset,
            day=partition.day,
            rows=len(shaped.rows),
            bytes=(self._folder / path).stat().st_size,
            sha256=digest_of(self._folder / path),
            first_us=min(times),
            last_us=max(times),
            first_received_us=min(received),
            last_received_us=max(received),
            sorted=False,
            text_bytes=_text_bytes(shaped),
            columns=(*map(number, own), *(column.number for column in columns.values())),
        )

    def _copy(
        self, dataset: str, own: dict[Own, Any], shaped: Shaped, columns: Sequence[Column], neighbour: Path
    ) -> None:
        length = len(shaped.rows)
        encoded = {each.name: arrow_column(each.field, shaped.fields[each.field], length) for each in columns}
        table = ArrowRows(length, {each.value: array for each, array in own.items()} | encoded)
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
    too_wide = len(shaped.fields) * len(shaped.rows) > _CELLS_BOUND
    if len(shaped.rows) > 1 and (too_wide or _text_bytes(shaped) > _BYTES_BOUND):
        raise TooLarge


def _text_bytes(shaped: Shaped) -> int:
    return sum(len(runs.joined) for runs in shaped.fields.values() if runs.joined is not None)


def _rows_of(rows: Sequence[Row]) -> int:
    """Return how many rows one file takes, by the text of every hundredth."""
    sample = rows[::_SAMPLED]
    texts = sum(len(value) for row in sample for value in row.event.values() if isinstance(value, str))
    return max(_ROWS_LEAST, min(_ROWS_BOUND, _BYTES_WANTED * len(sample) // (texts + 1)))


def _places(rows: Sequence[Row]) -> dict[Own, Any]:
    """Return the columns that name the raw record of each row: the field `sec_ops.record`, in parts."""
    return {
        Own.STREAM: texts([row.place.stream for row in rows]),
        Own.SEQUENCE: integers([row.place.sequence for row in rows]),
        Own.INDEX: integers([row.index for row in rows]),
        Own.PART: integers([row.part for row in rows]),
    }


def _received(shaped: Shaped, now_us: int) -> list[int]:
    runs = shaped.fields.get(Field(INGESTED, Kind.SINGLE, FieldType.DATE))
    if runs and len(runs.values) == len(shaped.rows):
        return runs.values
    return [received_us(row.event, now_us) for row in shaped.rows]


def _overflow(shaped: Shaped, columns: Iterable[Field]) -> Any:  # noqa: ANN401 - an array of nanoarrow
    """Return the column of JSON text with the fields that have no column."""
    spilled: dict[int, dict[str, Any]] = {}
    for field in shaped.fields.keys() - set(columns):
        for row, value in shaped.fields[field].pairs():
            spilled.setdefault(row, {})[field.name] = value
    runs = Runs()
    for row in sorted(spilled):
        runs.add(row, json.dumps(spilled[row], ensure_ascii=False, sort_keys=True))
    return arrow_column(Field("", Kind.SINGLE, FieldType.TEXT), runs, len(shaped.rows))
