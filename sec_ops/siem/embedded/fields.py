"""What a field's values are in files and queries: kinds of columns, their types, the columns every file has."""

from dataclasses import dataclass
from enum import StrEnum

from sec_ops.siem.events import FieldType

__all__ = ["OWN", "SQL_TYPES", "Column", "Field", "Kind", "Own", "column_name"]


class Kind(StrEnum):
    """Whether a column holds one value or a list of them."""

    SINGLE = "single"
    LIST = "list"


class Own(StrEnum):
    """The store's own columns, the same in every dataset; overflow is JSON text of the fields past the bound."""

    TIME = "c0"
    STREAM = "c1"
    SEQUENCE = "c2"
    INDEX = "c3"
    PART = "c4"
    OVERFLOW = "c5"


OWN = len(Own)
"""How many numbers are taken by the store's own columns; fields begin here."""

SQL_TYPES = {
    FieldType.KEYWORD: "VARCHAR",
    FieldType.TEXT: "VARCHAR",
    FieldType.IP: "VARCHAR",
    FieldType.LONG: "BIGINT",
    FieldType.DATE: "BIGINT",
    FieldType.DOUBLE: "DOUBLE",
    FieldType.BOOLEAN: "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field as one column holds it: exact name, kind and type."""

    name: str
    kind: Kind
    type: FieldType

    @property
    def sql_type(self) -> str:
        """Return the type of its column in DuckDB."""
        return SQL_TYPES[self.type] + ("[]" if self.kind is Kind.LIST else "")


@dataclass(frozen=True, slots=True)
class Column:
    """A numbered column of a dataset."""

    number: int
    field: Field

    @property
    def name(self) -> str:
        """Return its name in files and queries, such as `c17`."""
        return column_name(self.number)


def column_name(number: int) -> str:
    """Return the name of a column by its number."""
    return f"c{number}"
