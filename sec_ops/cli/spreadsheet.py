"""Lines of CSV (RFC 4180) whose cells no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Sequence

from sec_ops.model.text import printable

__all__ = ["csv_line", "safe_cell"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def csv_line(cells: Sequence[str]) -> str:
    """Return one line with its end; quotes where they are needed."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def safe_cell(text: str) -> str:
    """Return a text for a cell: with `'` before what begins like a formula, and no control characters."""
    return printable(f"'{text}" if text.startswith(_FORMULA) else text)
