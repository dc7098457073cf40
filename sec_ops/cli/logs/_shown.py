"""Found events as people and spreadsheets read them: tables, CSV, JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from sec_ops.cli.spreadsheet import csv_line, safe_cell
from sec_ops.cli.table import table
from sec_ops.siem.events import Event, FieldType, FieldTypes, Scalar

__all__ = ["LONGEST", "Shown", "csv_lines", "events_table", "utc"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 240


@dataclass(frozen=True, slots=True)
class Shown:
    """How values are written: dates as RFC 3339, for people in the site's zone, for programs in UTC."""

    types: FieldTypes
    zone: tzinfo

    def moment(self, value_us: int) -> str:
        """Return a moment by the clock of the zone, to the millisecond: `2026-11-26 08:00:00.000`."""
        try:
            there = (_EPOCH + timedelta(microseconds=value_us)).astimezone(self.zone)
        except (ValueError, OverflowError):
            return f"{value_us} µs"
        return there.isoformat(sep=" ", timespec="milliseconds")[:23]

    def document(self, event: Event) -> dict[str, Any]:
        """Return the event for programs."""
        return {name: self._plain(name, value) for name, value in event.items()}

    def cell(self, event: Event, name: str) -> str:
        """Return the values of a field as one text, empty when it is missing."""
        value = event.get(name, [])
        values = value if isinstance(value, list) else [value]
        return " | ".join(self._text(name, each) for each in values)

    def _plain(self, name: str, value: Scalar | list[Scalar]) -> object:
        if isinstance(value, list):
            return [self._plain(name, each) for each in value]
        return utc(value) if self.types.of(name) is FieldType.DATE and isinstance(value, int) else value

    def _text(self, name: str, value: Scalar) -> str:
        if self.types.of(name) is FieldType.DATE and isinstance(value, int):
            return self.moment(value)
        return json.dumps(value) if isinstance(value, bool) else str(value)


def events_table(events: Sequence[Event], names: Sequence[str], shown: Shown) -> tuple[str, bool]:
    """Return a table, and whether a value was too long to be shown whole."""
    rows = [[shown.cell(event, name) for name in names] for event in events]
    cut = any(len(cell) > LONGEST for row in rows for cell in row)
    return table(names, [[_short(cell) for cell in row] for row in rows]), cut


def csv_lines(events: Iterable[Event], names: Sequence[str], shown: Shown) -> Iterable[str]:
    """Yield lines of CSV (RFC 4180) with a head; text that a spreadsheet would take for a formula begins with '."""
    yield csv_line([safe_cell(name) for name in names])
    for event in events:
        yield csv_line([_csv_cell(event, name, shown) for name in names])


def _csv_cell(event: Event, name: str, shown: Shown) -> str:
    text = shown.cell(event, name)
    number = isinstance(event.get(name), int | float) and shown.types.of(name) is not FieldType.DATE
    return text if number else safe_cell(text)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def utc(value_us: int) -> str | int:
    """Return a moment as RFC 3339 in UTC with microseconds; itself when it is beyond the year 9999."""
    try:
        moment = _EPOCH + timedelta(microseconds=value_us)
    except OverflowError:
        return value_us
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
