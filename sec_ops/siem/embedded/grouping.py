"""Which tables share a file.

A cell without a value costs DuckDB nearly as much as one with: fields that few rows have are cheaper in a file of their
own than empty in every row of the others.
"""

from collections.abc import Iterator, Sequence

from sec_ops.siem.packing import Column, Packed
from sec_ops.siem.tables import Table

__all__ = ["halves", "parted", "portions"]

_RARE = 200
"""Rows of the same fields, in what is stored together, below which these fields are rare."""
_FILE_CELLS = 500_000
"""Empty cells that cost about as much as one more file."""
_ROWS_BOUND, _ROWS_LEAST, _SAMPLED = 20_000, 500, 100
_BYTES_WANTED = 20 * 1024 * 1024
"""Text of one file in memory; of columns that aren't packed by a sample."""


def portions(tables: Sequence[Table]) -> Iterator[list[Table]]:
    """Yield tables in lots that are right for one file, those that are larger in pieces."""
    portion: list[Table] = []
    rows = size = 0
    for table in tables:
        for piece, weight in _pieces(table):
            if portion and (rows + len(piece) > _ROWS_BOUND or size + weight > _BYTES_WANTED):
                yield portion
                portion, rows, size = [], 0, 0
            portion.append(piece)
            rows, size = rows + len(piece), size + weight
    if portion:
        yield portion


def _pieces(table: Table) -> Iterator[tuple[Table, int]]:
    size = sum(_bytes(column) for column in table.columns.values())
    step = max(_ROWS_LEAST, min(_ROWS_BOUND, _BYTES_WANTED * len(table) // (size + 1)))
    if len(table) <= step:
        yield table, size
        return
    for start in range(0, len(table), step):
        piece = table.take(range(start, min(start + step, len(table))))
        yield piece, size * len(piece) // len(table)


def _bytes(column: Column) -> int:
    if isinstance(column, Packed):
        return len(column.data)
    sample = column[::_SAMPLED]
    return sum(len(value) for value in sample if isinstance(value, str)) * len(column) // len(sample)


def halves(tables: Sequence[Table]) -> tuple[list[Table], list[Table]]:
    """Return tables as two lots of about as many rows."""
    if len(tables) > 1:
        middle = len(tables) // 2
        return [*tables[:middle]], [*tables[middle:]]
    (table,) = tables
    middle = len(table) // 2
    return [table.take(range(middle))], [table.take(range(middle, len(table)))]


def parted(tables: Sequence[Table]) -> list[list[Table]]:
    """Return the tables that share files: the rare ones lie apart where that spares more than a file costs."""
    common = [table for table in tables if len(table) >= _RARE]
    rare = [table for table in tables if len(table) < _RARE]
    if _cells(tables) - _cells(common) - _cells(rare) < _FILE_CELLS:
        return [[*tables]]
    return [common, rare]


def _cells(tables: Sequence[Table]) -> int:
    return len(set().union(*(table.names for table in tables))) * sum(map(len, tables))
