"""Dead letters, names, and events made fit for a server."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.siem.elastic.fitting import fitted
from sec_ops.siem.elastic.letters import DeadLetters, Letter
from sec_ops.siem.elastic.mapping import template
from sec_ops.siem.elastic.names import OWN, document_id, events_indices, is_plain, row_place
from sec_ops.siem.elastic.patterns import contains, wildcard_text
from sec_ops.siem.events import FieldType, FieldTypes, Row
from sec_ops.siem.query.tree import ANY, ONE
from sec_ops.siem.records import Place

DAY = 86_400_000_000
MONDAY = 20_662 * DAY  # 2026-07-28


def letter(index: int, reason: str = "unfit") -> Letter:
    row = Row({"message": f"{index}\n"}, Place("0001", 3), index, 1)
    return Letter(row=row, writer="0001", told=3, reason=reason, at="2026-07-28T00:00:00.000Z")


def test_letters_stay_until_they_are_delivered(tmp_path: Path):
    letters = DeadLetters(tmp_path)
    letters.add([letter(1), letter(2)])
    letters.add([letter(3)])
    assert letters.read() == [letter(1), letter(2), letter(3)]
    with letters.taken() as taken:
        taken[:] = [each for each in taken if each.row.index != 2]
    assert letters.read() == [letter(1), letter(3)]
    with letters.taken() as taken:
        taken.clear()
    assert not letters.read()
    assert not letters.path.exists()


def test_an_event_that_is_refused_twice_is_one_letter(tmp_path: Path):
    letters = DeadLetters(tmp_path)
    letters.add([letter(1), letter(1, "again")])
    assert letters.read() == [letter(1, "again")]


@pytest.mark.parametrize("torn", [b'{"at"', b"x" * 200_000])
def test_a_line_cut_short_by_a_crash_spoils_no_other(tmp_path: Path, torn: bytes):
    letters = DeadLetters(tmp_path)
    letters.add([letter(1)])
    with letters.path.open("ab") as stream:
        stream.write(torn)
    assert letters.read() == [letter(1)]
    letters.add([letter(2)])
    assert letters.read() == [letter(1), letter(2)]


def test_a_failed_delivery_keeps_all(tmp_path: Path):
    letters = DeadLetters(tmp_path)
    letters.add([letter(1)])
    with pytest.raises(RuntimeError), letters.taken():
        raise RuntimeError
    assert letters.read() == [letter(1)]


def test_many_at_once_lose_none(tmp_path: Path):
    def add(first: int) -> None:
        for index in range(first, first + 20):
            DeadLetters(tmp_path).add([letter(index)])

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 80, 20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(DeadLetters(tmp_path).read()) == 80
    assert (tmp_path / "dead-letters.jsonl").stat().st_mode & 0o077 == 0


places = st.builds(
    Row,
    st.just({}),
    st.builds(Place, st.from_regex(r"[0-9]{4,6}|[a-z-]{1,5}", fullmatch=True), st.integers(1, 10**11)),
    st.integers(0, 10**8),
    st.integers(0, 10**5),
)


@given(st.lists(places, max_size=20))
def test_ids_sort_as_places_do(rows: list[Row]):
    def place(row: Row) -> tuple[str, int, int, int]:
        return row.place.stream, row.place.sequence, row.index, row.part

    assert sorted(map(document_id, rows)) == [document_id(row) for row in sorted(rows, key=place)]
    assert all(row_place(document_id(row)) == place(row) for row in rows)


@pytest.mark.parametrize("name", ["a", "a.b", "@timestamp", "event.dataset", "ProcessID", "x-y_z.0"])
def test_plain_names(name: str):
    assert is_plain(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "_id",
        "_doc_count",
        "a b",
        "字段",
        "a\n",
        "x" * 201,
        "user.name.raw",
        "a.us",
        f"{OWN}more",
    ],
)
def test_names_that_no_column_has(name: str):
    assert not is_plain(name)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, "p-events-*"),
        (MONDAY, None, "p-events-*"),
        (MONDAY, MONDAY + 1, "p-events-2026.07.28,p-events-far-*"),
        (MONDAY, MONDAY + DAY, "p-events-2026.07.28,p-events-far-*"),
        (MONDAY - 1, MONDAY + 1, "p-events-2026.07.27,p-events-2026.07.28,p-events-far-*"),
        (MONDAY, MONDAY + 63 * DAY, "p-events-*"),
        (-(2**60), -(2**60) + 1, "p-events-far-*"),
    ],
)
def test_where_a_span_is_looked_for(since: int | None, until: int | None, expected: str):
    assert events_indices("p", since, until) == expected


def test_what_does_not_fit_its_type_is_kept_beside_it():
    types = FieldTypes(
        {
            "n": FieldType.LONG,
            "d": FieldType.DOUBLE,
            "a": FieldType.IP,
            "b": FieldType.BOOLEAN,
            "@timestamp": FieldType.DATE,
        }
    )
    event = {"@timestamp": 5, "n": ["1", 2, 2**63], "d": float("nan"), "a": "10.0.0.300", "b": 1, "k": [1, True, "x"]}
    made = fitted(Row(event, Place("s", 1), 0), types, now_us=9)  # type: ignore[arg-type]
    assert made == {
        "@timestamp": 5,
        "event.dataset": "unparsed",
        "sec_ops.record": "s/1/0",
        "n": [2],
        "k": ["1", "true", "x"],
        "misfit.n": ["1", str(2**63)],
        "misfit.d": "nan",
        "misfit.a": "10.0.0.300",
        "misfit.b": "1",
    }


def test_patterns_of_text():
    assert contains("m", ("ab",)) == {"term": {"m": "ab"}}
    assert contains("m", ("登",)) == {"prefix": {"m": "登"}}
    assert contains("m", (ANY, "登录失败", ANY)) == {"match_phrase": {"m": "登录失败"}}
    gap = contains("m", ("ab", ONE, "cd"))
    assert gap["span_near"]["clauses"] == [
        {"span_term": {"m": "ab"}},
        {"span_gap": {"m": 2}},
        {"span_term": {"m": "cd"}},
    ]
    assert wildcard_text(("a*b\\", ANY, "?", ONE)) == "a\\*b\\\\*\\??"


def test_a_template_names_what_it_was_made_from():
    one, other = (template("p", FieldTypes({"x": kind}), 1) for kind in (FieldType.LONG, FieldType.IP))
    assert one["_meta"] != other["_meta"]
    assert template("p", FieldTypes({"x": FieldType.LONG}), 1) == one
