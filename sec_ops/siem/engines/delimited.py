"""Delimited values (CSV and its like), each named by its column.

With `columns` the names are the parser's; without them the parser needs a `heading`, the line that names them. More
values than names become `column_N`. RFC 4180, with any one-character delimiter and quote.

Options: `delimiter` (`,`; `tab`), `quote` (`"`), `columns`, `at_least` (fewer values than these, 2 unless given, aren't
understood).
"""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from sec_ops.siem.engines import Extract, Extracted
from sec_ops.siem.engines._options import one_character, texts

OPTIONS = frozenset({"delimiter", "quote", "columns", "at_least"})
_COLUMNS_BOUND = 1_000


def compile_engine(options: Mapping[str, Any]) -> Extract:
    """Return the engine."""
    delimiter, quote = one_character(options, "delimiter", ","), one_character(options, "quote", '"')
    columns, at_least = texts(options, "columns"), options.get("at_least", 2)
    if delimiter == quote:
        raise ValueError("delimiter and quote are the same")
    if type(at_least) is not int or at_least < 1:
        raise ValueError("at_least: a whole number from 1")

    def extract(text: str) -> Extracted | None:
        names: Sequence[str] = columns
        if not columns:
            heading, _, text = text.partition("\n")
            names = cut(heading.removeprefix("\ufeff"), delimiter, quote) or ()
        values = cut(text, delimiter, quote)
        return _named(names, values) if names and values and len(values) >= at_least else None

    return extract


def cut(text: str, delimiter: str, quote: str = '"') -> list[str] | None:
    """Return the values of one record, None when there is none or one is longer than 131,072 characters."""
    reader = csv.reader(StringIO(text.rstrip("\r\n"), newline=""), delimiter=delimiter, quotechar=quote)
    try:
        rows = list(reader)
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) <= _COLUMNS_BOUND else None


def _named(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for at, value in enumerate(values):
        name = names[at].strip() if at < len(names) else ""
        key = name if name and name not in found else f"column_{at + 1}"
        if value.strip():
            found[key] = value.strip()
    return found
