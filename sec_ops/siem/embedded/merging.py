"""Which files are merged: the written rule (ADR 29), as a function of what the manifest says of a dataset's day."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sec_ops.siem.embedded.files import EventFile

__all__ = ["ROWS_BOUND", "TEXT_BOUND", "merges"]

ROWS_BOUND, TEXT_BOUND = 4_000_000, 1024 * 1024 * 1024
"""A merged file has at most so many rows, and so many bytes of text in memory."""
_WIDE, _WIDE_BOUND, _CELL_BYTES = 100, 512 * 1024 * 1024, 16
"""Rows of more columns than `_WIDE` can't be sorted on disk: what they take in memory, text and cells, is bounded."""
_FACTOR = 8
_SMALLEST = 1_000


def merges(files: Sequence[EventFile], *, closed: bool) -> list[list[EventFile]]:
    """Return the groups of files that become one file each, sorted by host and time.

    While a day is open, eight files of one size class (each class is eight times the one below) are merged. Once it is
    closed, all its unsorted files are, with those sorted ones that are at most eight times as large as these together;
    of the others, again eight of a class. A closed day ends as few sorted files, and an event that comes late never
    makes all of it be written again.
    """
    small = [file for file in files if file.rows < ROWS_BOUND and file.text_bytes < TEXT_BOUND]
    if not closed:
        return _full_classes(small)
    loose = sum(file.rows for file in small if not file.sorted)
    chosen = [file for file in small if not file.sorted or file.rows <= _FACTOR * loose]
    return _packed(chosen) + _full_classes([file for file in small if file not in chosen])


def _full_classes(files: Sequence[EventFile]) -> list[list[EventFile]]:
    classes: dict[int, list[EventFile]] = {}
    for file in files:
        classes.setdefault(_size_class(file.rows), []).append(file)
    full = [each for each in classes.values() if len(each) >= _FACTOR]
    return [group for each in full for group in _packed(each)]


def _packed(files: Sequence[EventFile]) -> list[list[EventFile]]:
    """Return files in groups of neighbours in time that keep to the bound."""
    groups: list[list[EventFile]] = []
    size = _Size()
    for file in sorted(files, key=lambda each: (each.first_us, each.path)):
        if not groups or not size.with_room_for(file):
            groups.append([])
            size = _Size()
        groups[-1].append(file)
        size.add(file)
    return [group for group in groups if len(group) > 1 or not group[0].sorted]


@dataclass(slots=True)
class _Size:
    """What files take that are merged into one."""

    rows: int = 0
    text: int = 0
    columns: set[int] = field(default_factory=set)

    def with_room_for(self, file: EventFile) -> bool:
        """Return whether the file can be merged with those that were added."""
        rows, text = self.rows + file.rows, self.text + file.text_bytes
        columns = len(self.columns.union(file.columns))
        narrow = columns <= _WIDE or text + rows * columns * _CELL_BYTES <= _WIDE_BOUND
        return rows <= ROWS_BOUND and text <= TEXT_BOUND and narrow

    def add(self, file: EventFile) -> None:
        """Count a file."""
        self.rows += file.rows
        self.text += file.text_bytes
        self.columns.update(file.columns)


def _size_class(rows: int) -> int:
    size = 0
    while rows >= _SMALLEST * _FACTOR**size:
        size += 1
    return size
