"""Which tables share a file: right in size, and those of rare fields apart where that spares empty cells."""

from collections.abc import Iterable, Iterator

import pytest

from sec_ops.siem.embedded.grouping import halves, parted, portions
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, Event, Row
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, Request
from sec_ops.siem.tables import Table, merged, tables_of


def rows_of(events: Iterable[Event]) -> list[Row]:
    return [Row(event, Place("0001", 1), index) for index, event in enumerate(events)]


def tables(events: Iterable[Event]) -> list[Table]:
    return merged(tables_of(rows_of(events)))


def wide(common: int, rare: int) -> Iterator[Event]:
    """Events of the same two keys, each `rare`th one with a key that nobody else has."""
    for number in range(common):
        rarely: Event = {} if number % rare else {f"b{number}": f"{number}"}
        yield {DATASET: "windows", "a": f"{number}", **rarely}


def test_rare_fields_lie_apart():
    common, rare = parted(tables(wide(10_000, 100)))
    assert [each.names for each in common] == [(DATASET, "a")]
    assert (sum(map(len, common)), sum(map(len, rare))) == (9_900, 100)


def test_few_empty_cells_are_worth_no_file():
    given = tables(wide(10_000, 1_000))
    assert parted(given) == [given]


def test_only_rare_fields_share_a_file():
    given = tables({f"a{number}": "x", DATASET: "windows"} for number in range(2_000))
    assert parted(given) == [given]


@pytest.mark.parametrize(("rows", "text", "wanted"), [(45_000, 1, [20_000, 20_000, 5_000]), (6, 30_000_000, [1] * 6)])
def test_a_file_takes_so_many_rows_and_so_much_text(
    rows: int, text: int, wanted: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sec_ops.siem.embedded.grouping._ROWS_LEAST", 1)
    value = "x" * text
    found = list(portions(tables({"a": value, "b": number} for number in range(rows))))
    assert [sum(map(len, portion)) for portion in found] == wanted
    assert [row.event["b"] for portion in found for table in portion for row in table.rows()] == list(range(rows))


def test_halves_hold_all_rows():
    several, one = tables(wide(100, 10)), tables(wide(7, 8))
    for given in (several, one):
        left, right = halves(given)
        assert left
        assert right
        assert [row.index for table in (*left, *right) for row in table.rows()] == [
            row.index for table in given for row in table.rows()
        ]


def test_events_of_both_files_are_found(store: EmbeddedStore):
    rows = rows_of(wide(10_000, 100))
    store.append(rows, Commit(stream="0001", sequence=1))
    with store._manifest.reading() as connection:
        found = connection.execute("SELECT rows, length(columns) / 2 FROM files ORDER BY rows").fetchall()
    assert [count for count, _ in found] == [100, 9_900]
    assert found[0][1] - found[1][1] == 100
    events = list(store.search(Request(fields=("a", "b0", "b9900"), sort=RECORD, order="ascending", limit=None)))
    assert sorted(int(str(event["a"])) for event in events) == list(range(10_000))
    assert events[0] == {"a": "0", "b0": "0"}
