"""The query of rows alike: which rows, the numbers of their values, which of their fields may hold the same.

Fields with a number that makes a row worth looking at are numbered first, so that the others are only looked up for
what is left.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from sec_ops.siem.embedded.alike import FILE_BITS, TEXT, Asked, Part, Query

__all__ = ["query_of"]

_ROW: Final = f"(file_index * {1 << FILE_BITS} + file_row_number)"
_FEW: Final = 8
"""So many values are compared one by one; more are looked up in a table."""
_FEW_COMBINATIONS: Final = 4
"""For so few combinations, files are read by conditions that skip what they don't hold."""


def query_of(asked: Asked, own: Sequence[Part], others: Sequence[Part], table: str) -> Query:
    """Return the query of groups with their rows.

    `own` are the parts of the first fields, `others` those of numbered and paired ones, `table` holds them.
    """
    return _Asking(asked, own, others, table).query()


@dataclass(frozen=True, slots=True)
class _LookUp:
    """How a column's values get numbers: the expression of the number, and the join it needs."""

    number: str
    join: str = ""


@dataclass(slots=True)
class _Asking:
    """One query as it grows; parameters have names, so that it doesn't matter where they stand."""

    asked: Asked
    own: Sequence[Part]
    others: Sequence[Part]
    table: str
    parameters: dict[str, Any] = field(default_factory=dict)
    texts: dict[int, dict[str, int]] = field(default_factory=dict)

    def query(self) -> Query:
        """Return the whole query."""
        asked, numbered = self.asked, self.asked.numbers
        narrows = len(asked.always) < len(asked.combinations)
        telling = {name for name, each in numbered.items() if each.least <= max(each.values.values(), default=-1)}
        parts = {place: part for place, part in enumerate(self.others) if part.name in numbered}
        first = {place: part for place, part in parts.items() if part.name in telling or not narrows}
        later = {place: part for place, part in parts.items() if place not in first}
        late = {part.name for part in later.values()}
        now, then = self._looked_up("t", first), self._looked_up("s", later)
        early = [f"{_number(name, first, now)} AS i{at}" for at, name in enumerate(numbered) if name not in late]
        passed = [
            f"{self._place()} AS k",
            *early,
            *(f"t.v{place}" for place in later),
            *self._pairs(),
            f"{_ROW} AS row_",
        ]
        inner = f"SELECT {', '.join(passed)} FROM ({self._rows()}) t {self._combined()} {_joined(now)}"
        worth = _worth(asked, telling) if narrows else "TRUE"
        columns = [_number(name, later, then) if name in late else f"i{at}" for at, name in enumerate(numbered)]
        columns += [f"e{at}" for at in range(len(asked.pairs))]
        selected = "".join(f"{each} AS n{at}, " for at, each in enumerate(columns))
        sql = (
            f"SELECT k, {selected}list(row_) AS rows_ FROM (SELECT * FROM ({inner}) WHERE {worth}) s {_joined(then)} "
            f"GROUP BY {', '.join(map(str, range(1, len(columns) + 2)))}"
        )
        return Query(sql=sql, parameters=self.parameters, numbers=len(numbered), texts=self.texts)

    def _parameter(self, value: Any) -> str:  # noqa: ANN401 - a parameter
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def _rows(self) -> str:
        """Return the rows of the files, as few as conditions tell."""
        columns = [f"{part.sql} AS q{place}" for place, part in enumerate(self.own)]
        columns += [f"{part.sql} AS v{place}" for place, part in enumerate(self.others)]
        taken = f"SELECT {', '.join([*columns, 'file_index', 'file_row_number'])} FROM {self.table}"
        if len(self.asked.combinations) > _FEW_COMBINATIONS:
            return taken
        tests = [self._one_of(part, cells) for part, cells in zip(self.own, self._cells(), strict=True)]
        return f"{taken} WHERE {' AND '.join(tests) or 'TRUE'}"

    def _one_of(self, part: Part, cells: Sequence[Any]) -> str:
        given = [f"{self._parameter(each)}::{part.sql_type}" for each in cells if each is not None]
        tests = [f"{part.sql} IN ({', '.join(given)})"] if given else []
        tests += [f"{part.sql} IS NULL"] if None in cells else []
        return f"({' OR '.join(tests) or 'FALSE'})"

    def _cells(self) -> list[list[Any]]:
        fields, every = self.asked.fields, self.asked.combinations
        return [[part.value(each[fields.index(part.name)]) for each in every] for part in self.own]

    def _place(self) -> str:
        return "0" if len(self.asked.combinations) == 1 else "w.k"

    def _combined(self) -> str:
        """Return the join that keeps to the combinations, and tells which; for a single one, the condition has."""
        if len(self.asked.combinations) == 1:
            return ""
        columns = [f"unnest({self._parameter(list(range(len(self.asked.combinations))))}::INTEGER[]) AS k"]
        for place, (part, cells) in enumerate(zip(self.own, self._cells(), strict=True)):
            columns.append(f"unnest({self._parameter(cells)}::{part.sql_type}[]) AS r{place}")
        tests = [f"t.q{place} IS NOT DISTINCT FROM w.r{place}" for place in range(len(self.own))]
        return f"JOIN (SELECT {', '.join(columns)}) w ON {' AND '.join(tests) or 'TRUE'}"

    def _pairs(self) -> Iterator[str]:
        """Yield whether fields may hold the same: texts of one length, or what isn't texts alone."""
        for at, pair in enumerate(self.asked.pairs):
            one, other = ([place for place, part in enumerate(self.others) if part.name == name] for name in pair)
            texts = len(one) == len(other) == 1 and all(self.others[place].sql_type == TEXT for place in one + other)
            same = f"coalesce(length(t.v{one[0]}) = length(t.v{other[0]}), FALSE)" if texts else "TRUE"
            yield f"{same} AS e{at}"

    def _looked_up(self, table: str, parts: Mapping[int, Part]) -> Mapping[int, _LookUp]:
        return {place: self._look_up(f"{table}.v{place}", place, part) for place, part in parts.items()}

    def _look_up(self, column: str, place: int, part: Part) -> _LookUp:
        known = self.asked.numbers[part.name].values
        pairs = [(value, number) for cell, number in known.items() if (value := part.value(cell)) is not None]
        if len(pairs) <= _FEW:
            return _LookUp(self._compared(column, part, pairs))
        if part.sql_type == TEXT:
            self.texts[place] = dict(pairs)
            given = f"(SELECT v, i FROM numbered WHERE place = {place})"
        else:
            values, numbers = (self._parameter(list(each)) for each in zip(*pairs, strict=True))
            given = f"(SELECT unnest({values}::{part.sql_type}[]) AS v, unnest({numbers}::INTEGER[]) AS i)"
        return _LookUp(f"m{place}.i", f"LEFT JOIN {given} m{place} ON m{place}.v = {column}")

    def _compared(self, column: str, part: Part, pairs: Sequence[tuple[Any, int]]) -> str:
        """Return the number of a column with few values."""
        cases = []
        for number, some in groupby(sorted(pairs, key=lambda pair: pair[1]), key=lambda pair: pair[1]):
            values = ", ".join(f"{self._parameter(value)}::{part.sql_type}" for value, _number in some)
            cases.append(f"WHEN {column} IN ({values}) THEN {number}")
        return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _number(name: str, parts: Mapping[int, Part], known: Mapping[int, _LookUp]) -> str:
    """Return the expression of a field's number."""
    numbers = [known[place].number for place, part in parts.items() if part.name == name]
    return f"coalesce({', '.join([*numbers, 'NULL'])})::INTEGER"


def _joined(known: Mapping[int, _LookUp]) -> str:
    return " ".join(each.join for each in known.values())


def _worth(asked: Asked, telling: Collection[str]) -> str:
    """Return the condition of rows that are worth looking at."""
    tests = [f"i{at} >= {asked.numbers[name].least}" for at, name in enumerate(asked.numbers) if name in telling]
    tests += [f"k IN ({', '.join(map(str, asked.always))})"] if asked.always else []
    return " OR ".join(tests) or "FALSE"
