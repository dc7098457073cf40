"""Tables give back the events they were made of, however they are packed, cut and put together."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.siem.embedded.partitions import partitioned, parts
from sec_ops.siem.embedded.shaping import Lists, shape
from sec_ops.siem.events import DATASET, RECORD, TIME, Event, FieldType, FieldTypes, Row
from sec_ops.siem.packing import packed, packed_columns
from sec_ops.siem.records import Place
from sec_ops.siem.tables import Rows, Table, merged, tables_of

DAY = 86_400_000_000
NOW = 20_000 * DAY
scalars = st.text(max_size=3) | st.integers(-(2**70), 2**70) | st.booleans() | st.floats(allow_nan=False)
values: st.SearchStrategy[Any] = scalars | st.lists(scalars, max_size=3)
events: st.SearchStrategy[Event] = st.fixed_dictionaries(
    {},
    optional={
        "a": values,
        "b": st.text(max_size=3),
        "c": st.integers(0, 9),
        "misfit.a": values,
        TIME: st.integers(NOW - 500 * DAY, NOW + 3 * DAY) | st.text(max_size=2),
        "event.ingested": st.integers(NOW, NOW + DAY) | st.none(),
        DATASET: st.sampled_from(["x", "y", 1]),
    },
).map(lambda event: {name: value for name, value in event.items() if value is not None})
some_rows = st.lists(events, min_size=1, max_size=12).map(
    lambda given: [Row(event, Place("s", 1 + index // 3), index, index % 2) for index, event in enumerate(given)]
)


def told(rows: list[Row]) -> list[tuple[Any, ...]]:
    """Return what rows say, in order; the name of the record is the table's to give."""
    said = (
        (row.index, row.part, row.place, repr(sorted((name, row.event[name]) for name in row.event if name != RECORD)))
        for row in rows
    )
    return sorted(said)


def pack(table: Table) -> Table:
    return Table(
        constants=table.constants,
        columns=packed_columns({name: table.values(name) for name in table.columns}),
        places=table.places,
        indexes=table.indexes,
        parts=table.parts,
    )


def share(table: Table) -> Table:
    """Return a table whose fields of one value are constants."""
    shared = {name: table.values(name)[0] for name in table.columns if len({repr(v) for v in table.values(name)}) == 1}
    return Table(
        constants={name: value for name, value in shared.items() if value is not None},
        columns={name: column for name, column in table.columns.items() if name not in shared},
        places=table.places,
        indexes=table.indexes,
        parts=table.parts,
    )


def replaced(text: str) -> str:
    return text.encode(errors="surrogatepass").decode(errors="replace")


@given(column=st.lists(st.none() | st.text(), min_size=1) | st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_columns_keep_their_values(column: list[Any]) -> None:
    made = packed(column)
    wanted = [each if not isinstance(each, str) else replaced(each) for each in column]
    assert not isinstance(made, list)
    assert made.values() == wanted  # type: ignore[union-attr]
    chosen = range(0, len(column), 2)
    assert made.take(chosen).values() == wanted[::2]  # type: ignore[union-attr]


@settings(max_examples=200, deadline=None)
@given(rows=some_rows, others=some_rows)
def test_tables_give_back_their_events(rows: list[Row], others: list[Row]) -> None:
    tables = [pack(table) for table in tables_of(rows)] + [share(table) for table in tables_of(others)]
    wanted = told([*rows, *others])
    both = Rows(tables=tables)
    assert len(both) == len(rows) + len(others)
    assert told(list(both)) == wanted
    assert told([row for table in merged(tables) for row in table.rows()]) == wanted
    both.add(rows)
    assert len(tables_of(both)) >= len(tables)
    assert told(list(both)) == told([*rows, *rows, *others])


@settings(max_examples=200, deadline=None)
@given(rows=some_rows)
def test_tables_are_parted_as_rows_are(rows: list[Row]) -> None:
    for make in (pack, share):
        found = parts([make(table) for table in tables_of(rows)], NOW)
        wanted = partitioned(rows, NOW)
        assert {each: told([row for table in tables for row in table.rows()]) for each, tables in found.items()} == {
            each: told(some) for each, some in wanted.items()
        }


@settings(max_examples=200, deadline=None)
@given(rows=some_rows, kind=st.sampled_from(FieldType))
def test_fields_are_the_same_however_tables_are_packed(rows: list[Row], kind: FieldType) -> None:
    types = FieldTypes({"a": kind, "c": FieldType.LONG})
    plain = tables_of(rows)
    wanted = [_values(table, types) for table in plain]
    assert [_values(pack(table), types) for table in plain] == wanted
    assert [_values(share(table), types) for table in plain] == wanted


def _values(table: Table, types: FieldTypes) -> dict[str, list[Any]]:
    found = shape([table], types).fields
    return {
        repr(field): [(first, type(piece) is Lists, repr(list(piece.values()))) for first, piece in pieces]
        for field, pieces in found.items()
    }
