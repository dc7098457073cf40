"""Parquet files on disk: written by DuckDB beside their place, synced, renamed, measured.

Columns carry their number as field id (Parquet format, SchemaElement.field_id), by which DuckDB finds them again in
files that have others.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sec_ops.runtime.files import make_folder, storage_error, sync_folder
from sec_ops.siem.embedded.engine import quoted
from sec_ops.siem.embedded.fields import Column, Kind, Own

__all__ = ["COLUMN_MAP", "GROUP_ROWS", "VECTOR_ROWS", "copy_statement", "digest_of", "scan", "settled"]

COLUMN_MAP = "sec_ops.columns"
"""Key of a file's own column map in its metadata: JSON, column to [field, kind, type]."""
GROUP_ROWS = 122_880
"""Rows of a row group: DuckDB's own default, sixty of its vectors."""
VECTOR_ROWS = 2_048
_ELEMENT_IDS = 100_000
"""Field ids of the elements of list columns begin here."""
_OWN_TYPES = {Own.STREAM: "VARCHAR", Own.OVERFLOW: "VARCHAR"}


def copy_statement(
    select: str,
    path: Path,
    *,
    dataset: str,
    own: Sequence[Own],
    columns: Iterable[Column],
    group_rows: int = GROUP_ROWS,
) -> str:
    """Return the statement that writes what a query selects to a Parquet file, in row groups of so many rows."""
    listed = list(columns)
    ids = ", ".join([f"{column}: {number(column)}" for column in own] + [_field_id(column) for column in listed])
    described: dict[str, object] = {column.value: [column.name.lower(), "own", ""] for column in own}
    described |= {column.name: [column.field.name, column.field.kind, column.field.type] for column in listed}
    metadata = quoted(json.dumps({"dataset": dataset, "columns": described}))
    return (
        f"COPY ({select}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, "
        f"USE_TMP_FILE false, ROW_GROUP_SIZE {group_rows}, FIELD_IDS {{{ids}}}, "
        f"KV_METADATA {{{quoted(COLUMN_MAP)}: {metadata}}})"
    )


def scan(paths: Sequence[Path], *, own: Iterable[Own], columns: Iterable[Column]) -> str:
    """Return the table of files with just these columns, NULL in a file that doesn't have one."""
    schema = [(number(each), each.value, _OWN_TYPES.get(each, "BIGINT")) for each in own]
    schema += [(column.number, column.name, column.field.sql_type) for column in columns]
    fields = ", ".join(
        f"{key}: {{name: '{name}', type: '{sql_type}', default_value: NULL}}" for key, name, sql_type in schema
    )
    files = ", ".join(quoted(str(path)) for path in paths)
    return f"read_parquet([{files}], schema = MAP {{{fields}}})"


def number(own: Own) -> int:
    """Return the number of one of the store's own columns."""
    return int(own[1:])


@contextmanager
def settled(path: Path) -> Iterator[Path]:
    """Give a neighbour to write; when that is done, sync it and rename it to `path`. Raises StorageError."""
    _make_durable_folder(path.parent)
    neighbour = path.with_name(f".{path.name}")
    try:
        yield neighbour
        try:
            _sync(neighbour)
            neighbour.rename(path)
            sync_folder(path.parent)
        except OSError as error:
            raise storage_error(path, error) from error
    finally:
        neighbour.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """Return the SHA-256 (hexadecimal) of a file; raises StorageError."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise storage_error(path, error) from error


def _make_durable_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    make_folder(folder)
    try:
        for parent in (folder.parent, folder.parent.parent):
            sync_folder(parent)
    except OSError as error:
        raise storage_error(folder, error) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _field_id(column: Column) -> str:
    if column.field.kind is Kind.SINGLE:
        return f"{column.name}: {column.number}"
    return f"{column.name}: {{__duckdb_field_id: {column.number}, element: {_ELEMENT_IDS + column.number}}}"
