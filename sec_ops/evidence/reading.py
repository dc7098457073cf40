"""Reading the log: entries and lines by sequence number."""

import json
from collections.abc import Iterator

from sec_ops.evidence.files import Files
from sec_ops.evidence.layout import LINES_PER_FILE, Layout
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.evidence import Entry
from sec_ops.model.messages import message

__all__ = ["parse_line", "read_entries", "read_lines"]


def read_lines(layout: Layout, files: Files, first: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Return the lines, without line ends, from a sequence number up to, not with, another; a torn tail is no line."""
    position = first - first % LINES_PER_FILE
    while end is None or position < end:
        lines = files.read(layout.log_file(position)).split(b"\n")[:-1]
        yield from lines[max(0, first - position) : None if end is None else end - position]
        if len(lines) < LINES_PER_FILE:
            return
        position += LINES_PER_FILE


def read_entries(layout: Layout, files: Files, first: int = 0, last: int | None = None) -> Iterator[Entry]:
    """Return the entries of a range, the last included; raises EvidenceBroken at a line that is none."""
    for line in read_lines(layout, files, first, None if last is None else last + 1):
        yield parse_line(line)


def parse_line(line: bytes) -> Entry:
    """Return the entry in a line; raises EvidenceBroken."""
    try:
        return Entry.read(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        what = message("a line of the log is not an entry")
        advice = message("see which: sec-ops evidence verify")
        raise EvidenceBroken(what, why=str(error), advice=advice) from error
