"""The SQL of a search finds in DuckDB what `evaluate` finds, whatever the search and the events."""

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sec_ops.model.folding import fold
from sec_ops.siem.events import Event, FieldType, FieldTypes
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.sql import FieldColumns, compile_sql
from sec_ops.siem.query.tree import ANY, ONE, And, Bound, Exists, Match, Not, Or, Query, Range
from tests.strategies.search import KEYWORDS, TYPES, corpus, events, queries

_SQL = {
    FieldType.LONG: "BIGINT",
    FieldType.DOUBLE: "DOUBLE",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.DATE: "BIGINT",
}
NAMES = [*KEYWORDS, *TYPES.types]


class Table:
    """A table with two columns a field, by number."""

    def __init__(self, rows: Sequence[Event], types: FieldTypes = TYPES, names: Sequence[str] = NAMES) -> None:
        self.types, self.names, self.connection = types, names, duckdb.connect(config={"threads": 1})
        kinds = [_SQL.get(types.of(name), "VARCHAR") for name in names]
        columns = ", ".join(f"s{i} {kind}, m{i} {kind}[]" for i, kind in enumerate(kinds))
        self.connection.execute(f"CREATE TABLE t (id INTEGER, {columns})")
        marks = ", ".join("?" * (2 * len(names) + 1))
        for number, event in enumerate(rows):
            cells = [cell for name in names for cell in self._cells(event.get(name))]
            self.connection.execute(f"INSERT INTO t VALUES ({marks})", [number, *cells])

    def of(self, name: str) -> FieldColumns:
        if name not in self.names:
            return FieldColumns()
        number = self.names.index(name)
        return FieldColumns(single=f"s{number}", many=f"m{number}")

    def texts(self) -> Sequence[str]:
        return [name for name in self.names if self.types.of(name) is FieldType.TEXT]

    def found(self, query: Query) -> set[int]:
        condition = compile_sql(query, self.types, self)
        rows = self.connection.execute(f"SELECT id FROM t WHERE {condition.sql}", list(condition.parameters))
        return {number for (number,) in rows.fetchall()}

    def _cells(self, value: Any) -> tuple[Any, Any]:
        return (None, value) if isinstance(value, list) else (value, None)


CORPUS = corpus()


@pytest.fixture(scope="module")
def table() -> Table:
    return Table(CORPUS)


@settings(max_examples=400, deadline=None)
@given(query=queries())
def test_duckdb_agrees_with_the_evaluator_on_every_value(table: Table, query: Query) -> None:
    wanted = {number for number, event in enumerate(CORPUS) if evaluate(query, event, TYPES)}
    assert table.found(query) == wanted


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(events(), min_size=1, max_size=4), st.lists(queries(), min_size=1, max_size=8))
def test_duckdb_agrees_with_the_evaluator_on_events_of_many_fields(rows: list[Event], asked: list[Query]) -> None:
    table = Table(rows)
    for query in asked:
        wanted = {number for number, event in enumerate(rows) if evaluate(query, event, TYPES)}
        assert table.found(query) == wanted, query


def test_a_missing_field_does_not_leak_through_not() -> None:
    table = Table([{"user.name": "root"}, {}])
    absent: list[Query] = [Match("user.name", ("x",)), Match("missing", ("x",)), Exists("missing")]
    assert all(table.found(Not(query)) == {0, 1} for query in [*absent, Range("missing", None, None)])
    assert table.found(Not(And((Match("user.name", ("root",)), Not(Match("source.port", ("1",))))))) == {1}
    assert table.found(Not(Or((Match("source.port", ("1",)), Match("", ("a",)))))) == {0, 1}


def test_a_dataset_without_text_finds_no_word() -> None:
    table = Table([{"user.name": "root"}], names=("user.name",))
    assert table.found(Match("", ("root",))) == set()
    assert table.found(Not(Match("", ("root",)))) == {0}


@pytest.mark.parametrize("times", [1, 150, 201, 5000])
def test_long_patterns_and_values_are_compared_whole(times: int) -> None:
    text = "Ab登" * times
    table = Table([{"message": f"x{text}x", "user.name": text}, {"message": text[:-1], "user.name": text[:-1]}])
    assert table.found(Match("message", (text,))) == {0}
    assert table.found(Match("user.name", (text,))) == {0}
    assert table.found(Match("user.name", (text[:-2], ONE, ONE))) == {0}
    assert table.found(Match("message", (text[:-1], ANY))) == {0, 1}


def test_duckdb_folds_every_character_as_we_do() -> None:
    rows = duckdb.execute(
        "SELECT x, lower(chr(x::INTEGER)) FROM range(1, 1114112) t(x) WHERE x NOT BETWEEN 55296 AND 57343"
    ).fetchall()
    assert [chr(code) for code, lower in rows if fold(chr(code)) != lower] == []


def test_ranges_of_addresses_cross_from_ipv4_to_ipv6() -> None:
    table = Table([{"source.ip": each} for each in ("10.0.0.9", "10.0.0.10", "::1", "2001:db8::1")])
    assert table.found(Range("source.ip", Bound("10.0.0.9", closed=False), None)) == {1, 3}
    assert table.found(Range("source.ip", None, Bound("10.0.0.10", closed=False))) == {0, 2}


def test_spans_of_addresses_may_be_empty() -> None:
    last = ":".join(["ffff"] * 8)
    table = Table([{"source.ip": each} for each in ("::", last)])
    assert table.found(Range("source.ip", Bound(last, closed=False), None)) == set()
    assert table.found(Range("source.ip", None, Bound("::", closed=False))) == set()
    assert table.found(Range("source.ip", Bound(last, closed=True), Bound("::", closed=True))) == set()
