"""The numbers of columns, given once for good by dataset, exact field name, kind and type."""

from collections.abc import Iterable, Mapping
from sqlite3 import Connection

from sec_ops.siem.embedded.fields import OWN, Column, Field, Kind
from sec_ops.siem.embedded.manifest import Manifest
from sec_ops.siem.events import FieldType

__all__ = ["COLUMNS_BOUND", "ColumnBook", "read_columns"]

COLUMNS_BOUND = 1500
"""Columns of one dataset; further fields go to its overflow column."""


class ColumnBook:
    """What columns datasets have. A number never changes its meaning, so what was read once stays right."""

    def __init__(self, manifest: Manifest, bound: int = COLUMNS_BOUND) -> None:
        self._manifest = manifest
        self._bound = bound
        self._known: dict[str, dict[Field, Column]] = {}
        self._full: set[str] = set()

    def numbered(self, dataset: str, fields: Iterable[Field]) -> Mapping[Field, Column]:
        """Return the columns of fields, new ones in order of their names; without those past the bound."""
        wanted = sorted(set(fields), key=lambda field: (field.name, field.kind, field.type))
        known = self._known.get(dataset, {})
        if dataset not in self._full and any(field not in known for field in wanted):
            known = self._extended(dataset, wanted)
        return {field: known[field] for field in wanted if field in known}

    def all(self, dataset: str) -> Mapping[Field, Column]:
        """Return all columns of a dataset as they are now."""
        with self._manifest.reading() as connection:
            return self._remember(dataset, connection)

    def _extended(self, dataset: str, wanted: Iterable[Field]) -> dict[Field, Column]:
        with self._manifest.writing() as connection:
            known = read_columns(connection, dataset)
            for field in wanted:
                if len(known) >= self._bound:
                    break
                if field not in known:
                    known[field] = _added(connection, dataset, field, OWN + len(known))
        if len(known) >= self._bound:
            self._full.add(dataset)
        self._known[dataset] = known
        return known

    def _remember(self, dataset: str, connection: Connection) -> Mapping[Field, Column]:
        self._known[dataset] = read_columns(connection, dataset)
        return self._known[dataset]


def read_columns(connection: Connection, dataset: str) -> dict[Field, Column]:
    """Return the columns of a dataset within a transaction."""
    found = connection.execute("SELECT number, field, kind, type FROM columns WHERE dataset = ?", (dataset,))
    fields = ((number, Field(name, Kind(kind), FieldType(type_))) for number, name, kind, type_ in found)
    return {field: Column(number, field) for number, field in fields}


def _added(connection: Connection, dataset: str, field: Field, number: int) -> Column:
    values = (dataset, number, field.name, field.kind, field.type)
    connection.execute("INSERT INTO columns VALUES (?, ?, ?, ?, ?)", values)
    return Column(number, field)
