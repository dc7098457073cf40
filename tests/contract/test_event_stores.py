"""Every store of events: what goes in comes out once, in order, and counts agree with what is found."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, TIME, UNPARSED, Row
from sec_ops.siem.query.parse import parse
from sec_ops.siem.query.tree import Query
from sec_ops.siem.storing import Bucket, Commit, EventStore, Request
from sec_ops.testing.event_store import MemoryEventStore
from tests.contract.event_stores import DAY, NOON, TYPES, FixedClock, rows

HOUR = DAY // 24


def _embedded(folder: Path) -> EventStore:
    return EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom)


def _embedded_merged(folder: Path) -> EventStore:
    return cast("EventStore", _Merging(_embedded(folder)))


class _Merging:
    """A store that tidies up after every append: nobody may notice."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        self._store.append(rows, commit)
        self._store.maintain()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


STORES: dict[str, Callable[[Path], EventStore]] = {
    "memory": lambda folder: MemoryEventStore(TYPES),
    "embedded": _embedded,
    "embedded-merged": _embedded_merged,
}


@pytest.fixture(params=[*STORES, pytest.param("elasticsearch", marks=pytest.mark.heavy)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    if request.param == "elasticsearch":
        yield request.getfixturevalue("make_elastic_store")(TYPES, clock=FixedClock())
        return
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def query(text: str) -> Query:
    return parse(text, TYPES)


def put(
    store: EventStore, *events: dict[str, Any], stream: str = "1", sequence: int = 1, **pending: bytes
) -> list[Row]:
    given = rows(events, stream=stream, sequence=sequence)
    store.append(given, Commit(stream=stream, sequence=sequence, pending=pending))
    return given


def messages(store: EventStore, **asked: Any) -> list[Any]:
    return [event.get("message") for event in store.search(Request(**asked))]


VALUES: dict[str, Any] = {
    "message": "Failed password for root",
    "empty": "",
    "chinese": "用户登录失败",
    "emoji": "😀",
    "nul": "a\x00b",
    "quotes": 'it\'s "so" \\ %_?*',
    "lines": "one\r\ntwo\u2028three",
    "source.ip": "2001:db8::1",
    "source.port": 2**63 - 1,
    "event.duration": -(2**63),
    "event.risk_score": -1.5,
    "process.elevated": False,
    "event.created": -1,
    "ProcessId": "7",
    "ProcessID": "8",
    "processid": "9",
    'odd "name"?\x00 \'{}': "x",
    "字段": "值",
    "tags": ["a", "", "登录", "a"],
    "ports": ["1"],
    "sec_ops.skew_ms": 0,
}


def test_an_event_comes_out_as_it_went_in(store: EventStore):
    (row,) = put(store, VALUES)
    assert list(store.search(Request())) == [row.event]


def test_values_of_every_type_in_lists(store: EventStore):
    lists = {
        "source.port": [1, -1],
        "event.risk_score": [0.5],
        "process.elevated": [True, False],
        "source.ip": ["10.0.0.1", "::1"],
        "message": ["a", "b"],
        "event.created": [0, NOON],
    }
    first, second, third = put(store, lists, {"source.port": 2, "message": "c"}, {"message": ["d"]})
    assert list(store.search(Request(order="ascending"))) == [first.event, second.event, third.event]
    assert store.count(Request(query=query("source.port:1"))) == 1
    assert store.count(Request(query=query("process.elevated:false"))) == 1


def test_a_large_value(store: EventStore):
    (row,) = put(store, {"message": "x" * 10_000_000})
    assert list(store.search(Request())) == [row.event]


def test_events_without_a_common_field(store: EventStore):
    given = put(store, *[{f"field {n}": str(n)} for n in range(300)])
    assert list(store.search(Request(order="ascending", limit=None))) == [row.event for row in given]


@pytest.mark.parametrize("limit", [0, 1, 7, 50, None])
@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_order_and_limit(store: EventStore, order: str, limit: int | None):
    times = [0, 5, -5, 5, 3 * HOUR, 3 * HOUR, DAY, 2 * DAY, -40 * DAY]
    given = []
    for sequence, stream in ((1, "1"), (2, "1"), (1, "2")):
        events = [{TIME: NOON + time, DATASET: f"set{n % 2}", "message": f"m{n}"} for n, time in enumerate(times)]
        given += put(store, *events, stream=stream, sequence=sequence)
    expected = sorted(given, key=lambda row: (row.event[TIME], row.event[RECORD]), reverse=order == "descending")
    found = list(store.search(Request(order=order, limit=limit)))
    assert [event[RECORD] for event in found] == [row.event[RECORD] for row in expected][:limit]


def test_sorted_by_another_field(store: EventStore):
    put(store, {"user.name": "b"}, {"message": "none"}, {"user.name": "c"}, {"user.name": "a", DATASET: "other"})
    names = [event.get("user.name") for event in store.search(Request(sort="user.name", order="ascending"))]
    assert names == ["a", "b", "c", None]
    names = [event.get("user.name") for event in store.search(Request(sort="user.name", limit=None))]
    assert names == ["c", "b", "a", None]


def test_only_the_fields_asked_for(store: EventStore):
    put(store, {"message": "a", "user.name": "root"}, {"message": "b"})
    fields = ("user.name", TIME, DATASET, "nowhere")
    assert list(store.search(Request(fields=fields, order="ascending"))) == [
        {"user.name": "root", TIME: NOON, DATASET: "sshd"},
        {TIME: NOON + 1, DATASET: "sshd"},
    ]


def test_a_span_holds_its_begin_and_not_its_end(store: EventStore):
    put(store, *[{TIME: NOON + n, "message": f"{n}"} for n in range(5)])
    assert messages(store, since_us=NOON + 1, until_us=NOON + 3) == ["2", "1"]
    assert store.count(Request(since_us=NOON + 1, until_us=NOON + 3)) == 2
    assert store.count(Request(since_us=NOON + 3)) == 2
    assert store.count(Request(until_us=NOON)) == 0


@pytest.mark.parametrize("year_us", [0, -1, 2_145_916_800_000_000, 253_402_300_799_000_000, -62_135_596_800_000_000])
def test_implausible_times_are_found_by_themselves(store: EventStore, year_us: int):
    put(store, {TIME: year_us, "message": "odd"}, {"message": "plain"})
    assert messages(store, since_us=year_us, until_us=year_us + 1) == ["odd"]
    assert messages(store, since_us=NOON, until_us=NOON + DAY) == ["plain"]
    assert sorted(messages(store)) == ["odd", "plain"]


def test_a_commit_is_taken_once(store: EventStore):
    put(store, {"message": "one"}, sequence=3)
    put(store, {"message": "again"}, sequence=3)
    put(store, {"message": "late"}, sequence=2)
    put(store, {"message": "other stream"}, stream="2", sequence=1)
    assert sorted(messages(store)) == ["one", "other stream"]
    assert {stream: commit.sequence for stream, commit in store.committed().items()} == {"1": 3, "2": 1}


def test_what_is_held_back_lies_in_the_commit(store: EventStore):
    put(store, sequence=1, one=b"\x00held", two=b"b")
    put(store, {"message": "whole"}, sequence=2, one=b"")
    assert store.committed()["1"] == Commit(stream="1", sequence=2, pending={"two": b"b"})


def test_lines_of_a_silent_source_come_with_the_same_sequence(store: EventStore):
    put(store, {"message": "a"}, sequence=2, one=b"b")
    held = rows([{"message": "b"}], sequence=1)
    for _ in range(2):
        store.append(held, Commit(stream="1", sequence=2, pending={"one": b""}))
    assert sorted(messages(store)) == ["a", "b"]
    assert store.committed()["1"] == Commit(stream="1", sequence=2)


def test_a_commit_without_events(store: EventStore):
    store.append([], Commit(stream="1", sequence=9))
    assert store.committed()["1"].sequence == 9
    assert list(store.search(Request())) == []
    assert store.days() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("*", "abcd"),
        ("user.name:ROOT", "ad"),
        ("NOT user.name:root", "bc"),
        ("_exists_:source.port", "abd"),
        ("source.port:[22 TO 80]", "ab"),
        ("event.dataset:nginx", "b"),
        ("event.dataset:nginx AND user.name:root", ""),
        ("NOT event.dataset:nginx", "acd"),
        ("登录", "c"),
        ("source.ip:10.0.0.0/8", "a"),
        ("tags:B", "d"),
        ("event.created:2026-07-28", "b"),
        ('sec_ops.record:"1/1/2"', "c"),
        ("nowhere:x", ""),
        ("NOT nowhere:x", "abcd"),
    ],
)
def test_queries(store: EventStore, text: str, found: str):
    put(
        store,
        {"message": "a", "user.name": "root", "source.port": 22, "source.ip": "10.1.2.3"},
        {"message": "b", "user.name": "admin", "source.port": 80, DATASET: "nginx", "event.created": NOON},
        {"message": "c", "process.command_line": "用户登录失败"},
        {"message": "d", "user.name": ["x", "Root"], "source.port": 443, "tags": ["a", "b"]},
    )
    asked = Request(query=query(text), order="ascending")
    assert [event["message"] for event in store.search(asked)] == list(found)
    assert store.count(asked) == len(found)
    assert sum(bucket.count for bucket in store.histogram(asked, DAY)) == len(found)
    assert sum(bucket.count for bucket in store.top(asked, DATASET)) == len(found)


def test_histogram(store: EventStore):
    put(store, *[{TIME: NOON + time} for time in (0, 1, HOUR - 1, HOUR, 3 * HOUR, DAY)], {TIME: -1})
    assert store.histogram(Request(), HOUR) == [
        Bucket(key=-HOUR, count=1),
        Bucket(key=NOON, count=3),
        Bucket(key=NOON + HOUR, count=1),
        Bucket(key=NOON + 3 * HOUR, count=1),
        Bucket(key=NOON + DAY, count=1),
    ]
    assert store.histogram(Request(since_us=NOON + 1, until_us=NOON + HOUR), HOUR) == [Bucket(key=NOON, count=2)]


def test_top(store: EventStore):
    names: list[Any] = ["b", "a", "b", "c", "a", "b", ["c", "d", "c"]]
    put(store, *[{"user.name": name, DATASET: f"set{n % 3}"} for n, name in enumerate(names)], {"message": "none"})
    every = [Bucket(key=key, count=count) for key, count in (("b", 3), ("a", 2), ("c", 2), ("d", 1))]
    assert store.top(Request(limit=None), "user.name") == every
    assert store.top(Request(limit=2), "user.name") == every[:2]
    assert store.top(Request(), "nowhere") == []


def test_top_of_other_types(store: EventStore):
    put(store, {"source.port": 22, "process.elevated": True}, {"source.port": 22}, {"source.port": 80})
    assert store.top(Request(), "source.port") == [Bucket(key=22, count=2), Bucket(key=80, count=1)]
    assert store.top(Request(), "process.elevated") == [Bucket(key=True, count=1)]
    assert store.top(Request(), DATASET) == [Bucket(key="sshd", count=3)]


def test_days(store: EventStore):
    put(store, {}, {TIME: NOON - DAY}, {DATASET: "nginx"}, {})
    assert [(day.day, day.dataset, day.events) for day in store.days()] == [
        ("2026-07-27", "sshd", 1),
        ("2026-07-28", "nginx", 1),
        ("2026-07-28", "sshd", 2),
    ]


def test_sources_by_receipt(store: EventStore):
    odd = {DATASET: UNPARSED, "event.kind": "pipeline_error"}
    put(
        store,
        {TIME: 0, "event.ingested": NOON, "host.name": "web-1"},
        {TIME: NOON - 5, "event.ingested": NOON + 1, "host.name": "web-1"},
        {**odd, "event.ingested": NOON + 2, "sec_ops.unit": "school-7"},
        {"event.ingested": NOON + HOUR},
    )
    first, second = store.sources(NOON, NOON + HOUR)
    assert (first.source, first.dataset, first.host, first.unit) == ("web-1:/var/log/auth.log", "sshd", "web-1", "")
    assert (first.events, first.unparsed, first.first_us, first.last_us) == (2, 0, 0, NOON - 5)
    assert first.last_received_us == NOON + 1
    assert (second.dataset, second.unit, second.events, second.unparsed) == (UNPARSED, "school-7", 1, 1)


def test_which_fields_each_dataset_has(store: EventStore):
    put(store, {"user.name": "root", "source.port": 22}, {DATASET: "nginx", "a.odd name": ["b"], "user.name": None})
    names = ("@timestamp", "event.dataset", "user.name", "source.port", "a.odd name", "message")
    assert {dataset: sorted(fields) for dataset, fields in store.fields(names).items()} == {
        "sshd": ["@timestamp", "event.dataset", "source.port", "user.name"],
        "nginx": ["@timestamp", "a.odd name", "event.dataset"],
    }
    assert store.fields(()) == {"sshd": frozenset(), "nginx": frozenset()}


def test_nothing_overflows_within_the_bound(store: EventStore):
    put(store, {"field.1": "a"}, {DATASET: "nginx", "field.2": ["b", "c"]})
    assert list(store.overflowing()) == []
