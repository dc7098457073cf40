"""Rows alike: those that share a combination of first values, grouped by the numbers that their other values have.

DuckDB puts the numbers beside the columns and groups the rows; only the groups come back, and of those that somebody
wants the rows.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sec_ops.siem.embedded.engine import engine_errors
from sec_ops.siem.embedded.fields import SQL_TYPES
from sec_ops.siem.events import FieldType, Scalar

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["FILE_BITS", "Asked", "Cell", "Combination", "Group", "Numbers", "Part", "Query", "Wanted", "grouped"]

Cell = Scalar | tuple[Scalar, ...]
"""What a field holds in one event: a value, or a list of values."""
Combination = tuple[Cell | None, ...]
"""What some fields hold together, None for those that an event lacks."""

FILE_BITS: Final = 32
TEXT: Final = SQL_TYPES[FieldType.TEXT]
_COLUMN: Final = re.compile("c[0-9]+")
_TABLE: Final = "CREATE TEMP TABLE numbered AS SELECT place::INTEGER AS place, v, i::INTEGER AS i FROM numbered_"


@dataclass(frozen=True, slots=True)
class Part:
    """An expression that holds a field's single values, or its lists."""

    name: str
    sql: str
    sql_type: str

    @property
    def is_text(self) -> bool:
        """Return whether it is a column of single texts and nothing else."""
        return self.sql_type == TEXT and _COLUMN.fullmatch(self.sql) is not None

    @property
    def pages(self) -> str:
        """Return the name of the column whose pages hold its texts, those in lists too; empty where none does."""
        if _COLUMN.fullmatch(self.sql) is None:
            return ""
        return {TEXT: self.sql, f"{TEXT}[]": f"{self.sql}, list, element"}.get(self.sql_type, "")

    def value(self, cell: Cell | None) -> Any:  # noqa: ANN401 - a parameter
        """Return what a cell is in this expression, None when it isn't of its kind."""
        if isinstance(cell, tuple):
            return list(cell) if self.sql_type.endswith("[]") else None
        return None if self.sql_type.endswith("[]") else cell


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of a field's values; one of at least `least` makes a row worth looking at."""

    values: Mapping[Cell, int]
    least: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Rows alike: the place of their combination, the number of each numbered field (None: none), their numbers.

    `alike` says of each pair of fields whether they may hold the same.
    """

    combination: int
    numbers: tuple[int | None, ...]
    rows: Sequence[int]
    alike: tuple[bool, ...] = ()


Wanted = Callable[[int, tuple[int | None, ...], tuple[bool, ...]], bool]
"""Whether a group is wanted, by its combination, its numbers, and which pairs of fields may be alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows: those of the combinations; of them those worth looking at, and all whose combination is in `always`.

    `always` are places of combinations. A value without a number is as if there were none. `pairs` are fields of which
    is asked whether they may hold the same text, whatever its case.
    """

    fields: Sequence[str]
    combinations: Sequence[Combination]
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    pairs: Sequence[tuple[str, str]] = ()
    always: Collection[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query of groups: `k`, numbers, pairs, `rows_`; its parameters by name; how many numbers a row has.

    `texts` are the texts that have numbers, those of each lookup by its place, as the table `numbered`.
    """

    sql: str
    parameters: Mapping[str, Any]
    numbers: int
    texts: Mapping[int, Mapping[str, int]]


def grouped(engine: "DuckDBPyConnection", folder: Path, query: Query, wanted: Wanted) -> Iterator[Group]:
    """Yield the groups that are wanted; raises EngineError."""
    with engine_errors(folder):
        cursor = engine.cursor()
        _fill(cursor, query.texts)
        cursor.execute(f"CREATE TEMP TABLE alike AS {query.sql}", query.parameters)
        cursor.execute("SELECT rowid, * EXCLUDE (rows_) FROM alike")
        some: dict[int, tuple[int, tuple[int | None, ...], tuple[bool, ...]]] = {}
        for place, combination, *given in cursor.fetchall():
            key = combination, tuple(given[: query.numbers]), tuple(given[query.numbers :])
            if wanted(*key):
                some[place] = key
        cursor.execute("SELECT rowid, rows_ FROM alike WHERE rowid IN (SELECT unnest(?::BIGINT[]))", [list(some)])
        found = cursor.fetchall()
        cursor.close()
    for place, rows in found:
        combination, numbers, pairs = some[place]
        yield Group(combination, numbers, rows, pairs)


def _fill(cursor: "DuckDBPyConnection", texts: Mapping[int, Mapping[str, int]]) -> None:
    """Make the table of numbered texts: as a parameter each would be copied with every step of a plan."""
    from sec_ops.siem.embedded.arrow import numbered_texts

    if texts:
        cursor.register("numbered_", numbered_texts(texts))
        cursor.execute(_TABLE)
        cursor.unregister("numbered_")
