"""Which files are merged: the written rule (ADR 29), as a function of what the manifest says of a dataset's day."""

from collections.abc import Sequence

from sec_ops.siem.embedded.files import EventFile

__all__ = ["ROWS_BOUND", "TEXT_BOUND", "merges"]

ROWS_BOUND, TEXT_BOUND = 4_000_000, 1024 * 1024 * 1024
"""A merged file has at most so many rows, and so many bytes of text in memory."""
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
    rows, text = ROWS_BOUND, TEXT_BOUND
    for file in sorted(files, key=lambda each: (each.first_us, each.path)):
        if rows + file.rows > ROWS_BOUND or text + file.text_bytes > TEXT_BOUND:
            groups.append([])
            rows = text = 0
        groups[-1].append(file)
        rows, text = rows + file.rows, text + file.text_bytes
    return [group for group in groups if len(group) > 1 or not group[0].sorted]


def _size_class(rows: int) -> int:
    size = 0
    while rows >= _SMALLEST * _FACTOR**size:
        size += 1
    return size
