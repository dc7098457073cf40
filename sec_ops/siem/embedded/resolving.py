"""Where a dataset keeps a field, as SQL for the query compiler; it remembers which columns a query needs."""

from collections.abc import Mapping, Sequence

from sec_ops.siem.embedded.engine import quoted
from sec_ops.siem.embedded.fields import Column, Field, Kind, Own
from sec_ops.siem.embedded.partitions import INGESTED
from sec_ops.siem.events import DATASET, RECORD, TIME, FieldType, FieldTypes
from sec_ops.siem.query.sql import FieldColumns

__all__ = ["Resolver"]

_OWN_FIELDS: Mapping[str, tuple[set[Own], str]] = {
    TIME: ({Own.TIME}, Own.TIME.value),
    RECORD: ({Own.STREAM, Own.SEQUENCE, Own.INDEX}, f"({Own.STREAM} || '/' || {Own.SEQUENCE} || '/' || {Own.INDEX})"),
}
"""Fields that are made of the store's own columns."""


class Resolver:
    """The columns of one dataset; `spills` are the names of own columns that hold fields beyond the bound, or none."""

    def __init__(
        self, dataset: str, columns: Mapping[Field, Column], types: FieldTypes, *, spills: frozenset[Own]
    ) -> None:
        self._dataset = dataset
        self._types = types
        self._overflowing = bool(spills)
        self._by_name: dict[str, list[Column]] = {}
        for column in columns.values():
            self._by_name.setdefault(column.field.name, []).append(column)
        self.own: set[Own] = set()
        self.columns: set[Column] = set()

    def of(self, name: str) -> FieldColumns:
        """Return where a field is kept; without columns when the dataset doesn't have it."""
        return FieldColumns(single=self.plain(name), many=self.plain_list(name))

    def time(self, clock: str) -> str:
        """Return the time of an event in microseconds: its own for "", of its receipt for "received_"."""
        self.own.add(Own.TIME)
        received = self.plain(INGESTED) if clock else None
        return f"coalesce({received}, {Own.TIME})" if received else Own.TIME.value

    def plain(self, name: str) -> str | None:
        """Return the expression of a field's single value; None when the dataset has none."""
        return self._expression(name, Kind.SINGLE)

    def plain_list(self, name: str) -> str | None:
        """Return the expression of a field's list of values; None when the dataset has none."""
        return self._expression(name, Kind.LIST)

    def texts(self) -> Sequence[str]:
        """Return the fields of the dataset that the catalogue says are text."""
        named = {name for name in self._by_name if self._types.of(name) is FieldType.TEXT}
        if self._overflowing:
            named |= {name for name, kind in self._types.types.items() if kind is FieldType.TEXT}
        return sorted(named)

    def _expression(self, name: str, kind: Kind) -> str | None:
        if name in _OWN_FIELDS:
            self.own |= _OWN_FIELDS[name][0]
            return _OWN_FIELDS[name][1] if kind is Kind.SINGLE else None
        if name == DATASET:
            return quoted(self._dataset) if kind is Kind.SINGLE else None
        wanted = Field(name, kind, self._types.of(name))
        found = [column for column in self._by_name.get(name, ()) if column.field.kind is kind]
        self.columns.update(found)
        parts = [
            column.name if column.field.sql_type == wanted.sql_type else f"TRY_CAST({column.name} AS {wanted.sql_type})"
            for column in found
        ]
        if self._overflowing:
            self.own.add(Own.OVERFLOW)
            parts.append(_spilled(wanted))
        if len(parts) < 2:
            return parts[0] if parts else None
        return f"coalesce({', '.join(parts)})"


def _spilled(field: Field) -> str:
    """Return the expression of a field within the overflow column, NULL when it is of the other kind (RFC 6901)."""
    pointer = quoted("/" + field.name.replace("~", "~0").replace("/", "~1"))
    kind = f"json_type({Own.OVERFLOW}, {pointer})"
    if field.kind is Kind.LIST:
        taken = f"CASE WHEN {kind} = 'ARRAY' THEN json_extract({Own.OVERFLOW}, {pointer}) END"
    else:
        taken = f"CASE WHEN {kind} <> 'ARRAY' THEN json_extract_string({Own.OVERFLOW}, {pointer}) END"
    return f"TRY_CAST({taken} AS {field.sql_type})"
