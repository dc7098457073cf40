"""Which rows share a file: those of rare keys lie apart where that spares empty cells."""

from collections.abc import Iterator

from sec_ops.siem.embedded.grouping import grouped, parted
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, Event, Row
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit, Request


def rows_of(events: Iterator[Event]) -> list[Row]:
    return [Row(event, Place("0001", 1), index) for index, event in enumerate(events)]


def wide(common: int, rare: int) -> Iterator[Event]:
    """Events of the same two keys, each `rare`th one with a key that nobody else has."""
    for number in range(common):
        rarely: Event = {} if number % rare else {f"b{number}": f"{number}"}
        yield {DATASET: "windows", "a": f"{number}", **rarely}


def test_rows_of_the_same_keys_lie_together_in_their_order():
    rows = rows_of(iter([{"b": "1"}, {"a": "1", "b": "1"}, {"b": "2"}, {"b": "1", "a": "1"}]))
    assert list(grouped(rows).items()) == [
        (("a", "b"), [rows[1]]),
        (("b",), [rows[0], rows[2]]),
        (("b", "a"), [rows[3]]),
    ]


def test_rare_keys_lie_apart():
    common, rare = parted(grouped(rows_of(wide(10_000, 100))))
    assert list(common) == [(DATASET, "a")]
    assert (len(common[DATASET, "a"]), len(rare)) == (9_900, 100)


def test_few_empty_cells_are_worth_no_file():
    groups = grouped(rows_of(wide(10_000, 1_000)))
    assert parted(groups) == [groups]


def test_only_rare_keys_share_a_file():
    groups = grouped(rows_of({f"a{number}": "x", DATASET: "windows"} for number in range(2_000)))
    assert parted(groups) == [groups]


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
