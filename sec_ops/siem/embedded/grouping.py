"""Rows of the same keys together, and which of these groups share a file.

A cell without a value costs DuckDB nearly as much as one with: fields that few rows have are cheaper in a file of their
own than empty in every row of the others.
"""

from collections.abc import Mapping, Sequence

from sec_ops.siem.events import Row

__all__ = ["Alike", "grouped", "parted"]

Alike = Mapping[tuple[str, ...], Sequence[Row]]
"""Rows by the keys of their events, in the order of the keys."""
_RARE = 500
"""Rows of the same keys, in what one file would take, below which these keys are rare."""
_FILE_CELLS = 500_000
"""Empty cells that cost about as much as one more file."""


def grouped(rows: Sequence[Row]) -> Alike:
    """Return rows by the keys of their events."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        keys = tuple(row.event)
        alike = groups.get(keys)
        if alike is None:
            groups[keys] = [row]
        else:
            alike.append(row)
    return {keys: groups[keys] for keys in sorted(groups)}


def parted(groups: Alike) -> list[Alike]:
    """Return the groups that each file takes: the rare ones lie apart where that spares more than a file costs."""
    common = {keys: rows for keys, rows in groups.items() if len(rows) >= _RARE}
    rare = {keys: rows for keys, rows in groups.items() if len(rows) < _RARE}
    if _cells(groups) - _cells(common) - _cells(rare) < _FILE_CELLS:
        return [groups]
    return [common, rare]


def _cells(groups: Alike) -> int:
    return len(set().union(*groups)) * sum(map(len, groups.values()))
