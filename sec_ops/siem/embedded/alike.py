"""Rows alike: those that share a combination of first values, grouped by the numbers that their other values have.

DuckDB joins the numbers to the columns and groups the rows; only the groups come back, and of those that somebody wants
the rows.
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

__all__ = ["FILE_BITS", "Asked", "Cell", "Combination", "Group", "Numbers", "Part", "grouped", "statement"]

Cell = Scalar | tuple[Scalar, ...]
"""What a field holds in one event: a value, or a list of values."""
Combination = tuple[Cell | None, ...]
"""What some fields hold together, None for those that an event lacks."""

FILE_BITS: Final = 32
_ROW: Final = f"(file_index * {1 << FILE_BITS} + file_row_number)"
_TEXT: Final = SQL_TYPES[FieldType.TEXT]
_COLUMN: Final = re.compile("c[0-9]+")


@dataclass(frozen=True, slots=True)
class Part:
    """An expression that holds a field's single values, or its lists."""

    name: str
    sql: str
    sql_type: str

    @property
    def is_text(self) -> bool:
        """Return whether it is a column of single texts and nothing else."""
        return self.sql_type == _TEXT and _COLUMN.fullmatch(self.sql) is not None

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
    """Rows alike: the place of their combination, the number of each numbered field (None: none), their numbers."""

    combination: int
    numbers: tuple[int | None, ...]
    rows: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows: those of the combinations; of them those worth looking at, and all whose combination is in `always`.

    `always` are places of combinations. A value without a number is as if there were none.
    """

    fields: Sequence[str]
    combinations: Sequence[Combination]
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    always: Collection[int] = ()


def grouped(
    engine: "DuckDBPyConnection",
    folder: Path,
    query: tuple[str, Sequence[Any]],
    wanted: Callable[[int, tuple[int | None, ...]], bool],
) -> Iterator[Group]:
    """Yield the groups that are wanted, of a query by `statement`; raises EngineError."""
    with engine_errors(folder):
        cursor = engine.cursor()
        cursor.execute(f"CREATE TEMP TABLE alike AS {query[0]}", query[1])
        cursor.execute("SELECT rowid, * EXCLUDE (rows_) FROM alike")
        some = {place: (each, tuple(given)) for place, each, *given in cursor.fetchall() if wanted(each, tuple(given))}
        cursor.execute("SELECT rowid, rows_ FROM alike WHERE rowid IN (SELECT unnest(?::BIGINT[]))", [list(some)])
        found = cursor.fetchall()
        cursor.close()
    for place, rows in found:
        yield Group(*some[place], rows)


def statement(asked: Asked, own: Sequence[Part], others: Sequence[Part], table: str) -> tuple[str, Sequence[Any]]:
    """Return the query of groups with their rows as `rows_`, and its parameters.

    `own` are the parts of the first fields, `others` those of numbered ones, `table` holds them. Fields with a number
    that makes a row worth looking at are joined first, so that the others are only joined to what is left.
    """
    parameters: list[Any] = []
    kept = _kept(asked, own)
    parameters += kept.joined
    telling = {name for name, each in asked.numbers.items() if each.least <= max(each.values.values(), default=-1)}
    narrows = len(asked.always) < len(asked.combinations)
    first = {place: part for place, part in enumerate(others) if part.name in telling or not narrows}
    later = {place: part for place, part in enumerate(others) if place not in first}
    first_joins = _joins("t", first, asked.numbers, parameters)
    parameters += kept.tested
    later_joins = _joins("s", later, asked.numbers, parameters)
    late = {part.name for part in later.values()}
    numbered = [f"{_number(name, first)} AS i{at}" for at, name in enumerate(asked.numbers) if name not in late]
    columns = [f"{part.sql} AS q{place}" for place, part in enumerate(own)]
    columns += [f"{part.sql} AS v{place}" for place, part in enumerate(others)]
    taken = ", ".join([*columns, "file_index", "file_row_number"])
    passed = ", ".join([f"{kept.place} AS k", *numbered, *(f"t.v{place}" for place in later), f"{_ROW} AS row_"])
    inner = f"SELECT {passed} FROM (SELECT {taken} FROM {table}) t {kept.join} {first_joins} WHERE {kept.where}"
    worth = _worth(asked, telling) if narrows else "TRUE"
    selected = [_number(name, later) if name in late else f"i{at}" for at, name in enumerate(asked.numbers)]
    numbers = "".join(f"{each} AS n{at}, " for at, each in enumerate(selected))
    sql = f"SELECT k, {numbers}list(row_) AS rows_ FROM (SELECT * FROM ({inner}) WHERE {worth}) s {later_joins}"
    return f"{sql} GROUP BY {', '.join(map(str, range(1, len(asked.numbers) + 2)))}", parameters


def _worth(asked: Asked, telling: Collection[str]) -> str:
    """Return the condition of rows that are worth looking at."""
    tests = [f"i{at} >= {asked.numbers[name].least}" for at, name in enumerate(asked.numbers) if name in telling]
    tests += [f"k IN ({', '.join(map(str, asked.always))})"] if asked.always else []
    return " OR ".join(tests) or "FALSE"


def _number(name: str, parts: Mapping[int, Part]) -> str:
    """Return the expression of a field's number."""
    numbers = [f"m{place}.i" for place, part in parts.items() if part.name == name]
    return f"coalesce({', '.join([*numbers, 'NULL::INTEGER'])})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What keeps to combinations: a join before others, or a condition, with their parameters; the place of a row's."""

    place: str
    join: str = ""
    joined: Sequence[Any] = ()
    where: str = "TRUE"
    tested: Sequence[Any] = ()


def _kept(asked: Asked, parts: Sequence[Part]) -> _Kept:
    """Return what keeps to the combinations: to one, a condition, for which less of the files is read."""
    cells = [[part.value(each[asked.fields.index(part.name)]) for each in asked.combinations] for part in parts]
    if len(asked.combinations) == 1:
        tests = [f"t.q{place} IS NULL" if each == [None] else f"t.q{place} = ?" for place, each in enumerate(cells)]
        given = [value for (value,) in cells if value is not None]
        return _Kept(place="0", where=" AND ".join(tests) or "TRUE", tested=given)
    columns = ["unnest(?::INTEGER[]) AS k"]
    columns += [f"unnest(?::{part.sql_type}[]) AS r{place}" for place, part in enumerate(parts)]
    tests = [f"t.q{place} IS NOT DISTINCT FROM w.r{place}" for place in range(len(parts))]
    join = f"JOIN (SELECT {', '.join(columns)}) w ON {' AND '.join(tests) or 'TRUE'}"
    return _Kept(place="w.k", join=join, joined=[list(range(len(asked.combinations))), *cells])


def _joins(table: str, parts: Mapping[int, Part], numbers: Mapping[str, Numbers], parameters: list[Any]) -> str:
    """Return the joins that give columns' values their numbers."""
    joins = []
    for place, part in parts.items():
        known = numbers[part.name].values
        pairs = [(value, given) for cell, given in known.items() if (value := part.value(cell)) is not None]
        parameters += [[value for value, _ in pairs], [given for _, given in pairs]]
        given = f"(SELECT unnest(?::{part.sql_type}[]) AS v, unnest(?::INTEGER[]) AS i)"
        joins.append(f"LEFT JOIN {given} m{place} ON m{place}.v = {table}.v{place}")
    return " ".join(joins)
