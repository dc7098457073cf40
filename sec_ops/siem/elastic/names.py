"""What the store calls its indices and its own fields.

An event lies in the index of its day, whatever its dataset; one whose claimed time is implausible lies in the index of
the month it was received in, as the days of `Partition` have it, so that hostile clocks can't make indices without end.
An event's index and id follow from the event alone: told twice, it is stored once.
"""

import re
from functools import lru_cache

from sec_ops.siem.embedded.partitions import DAY_US, Partition, day_text
from sec_ops.siem.events import Row

__all__ = [
    "DAY",
    "LISTS",
    "LONG_KEYS",
    "LONG_TEXT",
    "MORE",
    "MORE_RAW",
    "ODD",
    "OWN",
    "PLACE",
    "RAW",
    "RECEIVED",
    "TOLD",
    "WRITER",
    "alias_of",
    "commits_index",
    "document_id",
    "events_indices",
    "is_plain",
    "microseconds_field",
    "row_place",
]

RAW = ".raw"
"""Suffix of the twin of a keyword or address that keeps its spelling, for counting and sorting."""
OWN = "sec_ops.store."
PLACE = f"{OWN}place"
WRITER = f"{OWN}writer"
TOLD = f"{OWN}told"
DAY = f"{OWN}day"
RECEIVED = f"{OWN}received"
LISTS = f"{OWN}lists"
"""Names of the fields that hold several values."""
MORE = f"{OWN}more"
"""Values of fields that have no column here: the field's digest, a colon, the folded value."""
MORE_RAW = f"{OWN}more_raw"
LONG_TEXT = f"{OWN}long_text"
"""Values longer than a term may be, searched as text is."""
LONG_KEYS = f"{OWN}long_keys"
ODD = f"{OWN}odd"
"""Fields whose names or values no document can have, as JSON text."""

_MICROSECONDS = ".us"
_LONGEST_LIST_DAYS = 62
_LONGEST_NAME = 200
_PLAIN = re.compile(r"[A-Za-z@][A-Za-z0-9_@-]*(?:\.[A-Za-z0-9_@-]+)*", re.ASCII)


def alias_of(prefix: str, partition: Partition) -> str:
    """Return the alias that events of a partition are written to."""
    day = partition.day.replace("-", ".")
    return f"{prefix}-events-{day}" if partition.timely else f"{prefix}-events-far-{day[:7]}"


def events_indices(prefix: str, since_us: int | None = None, until_us: int | None = None) -> str:
    """Return where events of the span may lie, as one expression; some of the names may not exist."""
    if since_us is None or until_us is None or not 0 < until_us - since_us <= _LONGEST_LIST_DAYS * DAY_US:
        return f"{prefix}-events-*"
    if not -_YEARS_US < since_us < _YEARS_US:
        return f"{prefix}-events-far-*"
    days = (day_text(day).replace("-", ".") for day in range(since_us // DAY_US, (until_us - 1) // DAY_US + 1))
    return ",".join([*(f"{prefix}-events-{day}" for day in days), f"{prefix}-events-far-*"])


_YEARS_US = 1900 * 365 * DAY_US
"""Days of the years 70 to 3870 have names; events can't be received before or after."""


def commits_index(prefix: str) -> str:
    """Return the index that keeps how far each stream is stored."""
    return f"{prefix}-commits"


def document_id(row: Row) -> str:
    """Return the id of an event, which sorts as its place does: stream, sequence, record, part."""
    return f"{row.place.stream} {row.place.sequence:012d} {row.index:09d} {row.part:06d}"


def row_place(document: str) -> tuple[str, int, int, int]:
    """Return stream, sequence, record and part of a document's id."""
    stream, sequence, index, part = document.rsplit(" ", 3)
    return stream, int(sequence), int(index), int(part)


def microseconds_field(name: str) -> str:
    """Return the twin of a date that keeps its microseconds."""
    return name + _MICROSECONDS


def is_plain(name: str) -> bool:
    """Tell whether a field may have a column of its own name: no metadata of the server's, no twin, nothing odd."""
    return len(name) <= _LONGEST_NAME and _is_plain(name)


@lru_cache(maxsize=20_000)
def _is_plain(name: str) -> bool:
    reserved = name.startswith(OWN) or name.endswith((RAW, _MICROSECONDS))
    return not reserved and _PLAIN.fullmatch(name) is not None
