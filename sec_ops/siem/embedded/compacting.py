"""Compaction: few sorted files instead of many small ones, swapped in one transaction."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.runtime.locks import shared
from sec_ops.siem.embedded.columns import read_columns
from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import Column, Kind, Own
from sec_ops.siem.embedded.files import EventFile, day_files, days, replace
from sec_ops.siem.embedded.health import DamagedFile, damage_error, damaged
from sec_ops.siem.embedded.layout import Layout
from sec_ops.siem.embedded.locks import alone
from sec_ops.siem.embedded.manifest import Manifest
from sec_ops.siem.embedded.merging import merges
from sec_ops.siem.embedded.parquet import GROUP_ROWS, VECTOR_ROWS, copy_statement, digest_of, scan, settled
from sec_ops.siem.embedded.partitions import DAY_US, day_text
from sec_ops.siem.embedded.writing import discard

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["compact"]

_CLOSED_AFTER_DAYS = 2
"""A day is closed when the day after it has ended too: until then its events still come in numbers."""
_HOST = "host.name"
_GROUP_BYTES, _CELL_BYTES = 64 * 1024 * 1024, 4


def compact(
    layout: Layout,
    manifest: Manifest,
    engine: "DuckDBPyConnection",
    clock: Clock,
    randomness: Callable[[int], bytes],
) -> None:
    """Merge what the rule says; nothing while another process does. Raises StorageError or EngineError.

    Damaged files are left alone, and told at the end: a flipped bit that can be read would get a digest of its own.
    Killed at any moment it leaves the old files in place, or the new ones: the manifest names one or the other.
    """
    today = int(clock.now().timestamp() * 1_000_000) // DAY_US
    closed_before = day_text(today - _CLOSED_AFTER_DAYS + 1)
    with alone(layout.compactor) as allowed:
        if not allowed:
            return
        with manifest.reading() as connection:
            known = days(connection)
        broken: list[DamagedFile] = []
        for each in known:
            with manifest.reading() as connection:
                files = day_files(connection, each.dataset, each.day)
            for group in merges(files, closed=each.day < closed_before):
                found = damaged(layout.events, group)
                broken += found
                if not found:
                    _merge(layout, manifest, engine, group, randomness)
        if broken:
            raise damage_error(layout.events, broken)


def _merge(
    layout: Layout,
    manifest: Manifest,
    engine: "DuckDBPyConnection",
    group: Sequence[EventFile],
    randomness: Callable[[int], bytes],
) -> None:
    with shared(layout.writers):
        merged: list[EventFile] = []
        swapped = False
        try:
            merged.append(_merged(layout, manifest, engine, group, randomness))
            with manifest.writing() as connection:
                swapped = replace(connection, group, merged)
        finally:
            if not swapped:
                discard(layout.events, merged)


def _merged(
    layout: Layout,
    manifest: Manifest,
    engine: "DuckDBPyConnection",
    group: Sequence[EventFile],
    randomness: Callable[[int], bytes],
) -> EventFile:
    first = group[0]
    numbers = sorted({number for file in group for number in file.columns})
    with manifest.reading() as connection:
        known = read_columns(connection, first.dataset).values()
    columns = sorted((column for column in known if column.number in numbers), key=lambda column: column.number)
    own = [each for each in Own if int(each[1:]) in numbers]
    path = f"{first.path.rpartition('/')[0]}/{randomness(8).hex()}.parquet"
    table = scan([layout.events / file.path for file in group], own=own, columns=columns)
    selected = ", ".join([*own, *(column.name for column in columns)])
    select = f"SELECT {selected} FROM {table} ORDER BY {_order(columns)}"
    with settled(layout.events / path) as neighbour, engine_errors(neighbour):
        statement = copy_statement(
            select,
            neighbour,
            dataset=first.dataset,
            own=own,
            columns=columns,
            group_rows=_group_rows(group, len(columns)),
        )
        (rows,) = engine.cursor().execute(statement).fetchone() or (0,)
        _refuse_loss(rows, group)
    return EventFile(
        path=path,
        dataset=first.dataset,
        day=first.day,
        rows=rows,
        bytes=(layout.events / path).stat().st_size,
        sha256=digest_of(layout.events / path),
        first_us=min(file.first_us for file in group),
        last_us=max(file.last_us for file in group),
        first_received_us=min(file.first_received_us for file in group),
        last_received_us=max(file.last_received_us for file in group),
        sorted=True,
        text_bytes=sum(file.text_bytes for file in group),
        columns=tuple(numbers),
    )


def _group_rows(group: Sequence[EventFile], columns: int) -> int:
    """Return how many rows a row group may have to be put together in memory."""
    rows = sum(file.rows for file in group)
    size = sum(file.text_bytes for file in group) // rows + _CELL_BYTES * columns
    return max(VECTOR_ROWS, min(GROUP_ROWS, _GROUP_BYTES // size // VECTOR_ROWS * VECTOR_ROWS))


def _order(columns: Sequence[Column]) -> str:
    """Return the order of rows: those of a host lie together, by time, then as they came."""
    hosts = [each.name for each in columns if each.field.name == _HOST and each.field.kind is Kind.SINGLE]
    return ", ".join([*hosts, *(each.value for each in Own if each is not Own.OVERFLOW)])


def _refuse_loss(rows: int, group: Sequence[EventFile]) -> None:
    expected = sum(file.rows for file in group)
    if rows != expected:
        what = message("merging event files gave {found} events instead of {expected}", found=rows, expected=expected)
        raise EngineError(what, where=group[0].path, advice=message("nothing was changed; the files are as they were"))
