"""From a row's columns back to the event it was."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sec_ops.siem.embedded.fields import Column, Field, Own
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.parquet import number, scan
from sec_ops.siem.embedded.selecting import Source
from sec_ops.siem.events import DATASET, RECORD, TIME, Event

__all__ = ["EventReader"]

_OWN = (Own.TIME, Own.STREAM, Own.SEQUENCE, Own.INDEX, Own.OVERFLOW)


class EventReader:
    """Reads whole events, or some of their fields, of one dataset's files."""

    def __init__(
        self,
        source: Source,
        files: Sequence[EventFile],
        columns: Mapping[Field, Column],
        fields: Sequence[str],
    ) -> None:
        present = {each for file in files for each in file.columns}
        self._wanted = frozenset(fields)
        self._dataset = source.dataset
        self._columns = [column for column in columns.values() if column.number in present and self._asks(column)]
        self._names = [column.field.name for column in self._columns]
        needed = {column.number: column for column in [*self._columns, *source.resolver.columns]}
        own = sorted({*_OWN, *source.resolver.own}, key=number)
        paths = [source.folder / file.path for file in files]
        self.table = scan(paths, own=own, columns=sorted(needed.values(), key=lambda column: column.number))
        self.selected = ", ".join([*_OWN, *(column.name for column in self._columns)])

    def event(self, row: Sequence[Any]) -> Event:
        """Return the event of a row of `selected`."""
        time, stream, sequence, index, overflow, *values = row
        event: Event = {TIME: time, DATASET: self._dataset, RECORD: f"{stream}/{sequence}/{index}"}
        if self._wanted:
            event = {name: value for name, value in event.items() if name in self._wanted}
        for name, value in zip(self._names, values, strict=True):
            if value is not None:
                event[name] = value
        if overflow is not None:
            spilled = json.loads(overflow)
            event.update({name: value for name, value in spilled.items() if not self._wanted or name in self._wanted})
        return event

    def _asks(self, column: Column) -> bool:
        return not self._wanted or column.field.name in self._wanted
