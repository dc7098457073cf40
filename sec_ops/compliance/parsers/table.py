"""Lines of columns."""

from collections.abc import Mapping
from typing import Any

OPTIONS = frozenset({"separator", "columns", "comment"})


def parse(text: str, options: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one map a line, column name -> string; missing columns are empty, the last takes the rest of the line.

    Options: `columns` (names, needed), `separator` (default a run of white space), `comment` (default none).
    Raises ValueError without columns.
    """
    columns = [str(column) for column in options.get("columns", ())]
    if not columns:
        raise ValueError("the option columns is missing")
    separator = str(options.get("separator", " ")).strip(" ") or None
    marks = tuple(str(options.get("comment", "")))
    return [
        _row(line, columns, separator)
        for line in text.split("\n")
        if line.strip() and not (marks and line.lstrip().startswith(marks))
    ]


def _row(line: str, columns: list[str], separator: str | None) -> dict[str, str]:
    cells = [cell.strip() for cell in line.split(separator, len(columns) - 1)]
    return dict(zip(columns, cells + [""] * (len(columns) - len(cells)), strict=True))
