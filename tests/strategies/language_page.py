"""The rows of `docs/reference/search-language.md`, as the tests run them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sec_ops.siem.events import Event, FieldType
from sec_ops.siem.query.values import date_span
from tests.strategies.search import TYPES

__all__ = ["faults", "rows"]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "search-language.md"


def rows() -> list[tuple[str, Event, Event | None]]:
    """Return each search with an event that it finds, and one that it doesn't."""
    return [(_code(search), _event(found), _event(other)) for search, found, other in _tables("finds")]


def faults() -> list[tuple[str, int, str]]:
    """Return each search that is refused, the character (from 1) and the reason."""
    return [(_code(search), int(place), reason) for search, place, reason in _tables("at")]


def _tables(second: str) -> Iterator[tuple[str, str, str]]:
    within = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 3:
            within = False
        elif cells[0] == "search":
            within = cells[1] == second
        elif within and set(line) != set("| -"):
            yield cells[0], cells[1], cells[2]


def _code(cell: str) -> str:
    return cell.removeprefix("`").removesuffix("`").replace("\\|", "|")


def _event(cell: str) -> Any:
    if not cell:
        return None
    event = json.loads(_code(cell))
    return {name: date_span(value)[0] if _dated(name) else value for name, value in event.items()}


def _dated(name: str) -> bool:
    return TYPES.of(name) is FieldType.DATE
