"""Stores that let days go, and hand their rows to another store: each does so exactly, and by receipt."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, TIME, Row
from sec_ops.siem.storing import Commit, Request
from tests.contract.event_stores import DAY, NOON, TYPES, FixedClock, rows

Store = EmbeddedStore | ElasticStore
STORES: dict[str, Callable[[Path], Store]] = {
    "embedded": lambda folder: EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom)
}
OLD = {"event.ingested": NOON - 9 * DAY}


@pytest.fixture(params=[*STORES, pytest.param("elasticsearch", marks=pytest.mark.heavy)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "elasticsearch":
        yield request.getfixturevalue("make_elastic_store")(TYPES, clock=FixedClock())
        return
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()


def put(store: Store, *events: dict[str, object], sequence: int = 1) -> list[Row]:
    given = rows(events, sequence=sequence)
    store.append(given, Commit(stream="1", sequence=sequence))
    return given


def names(store: Store, received_before_us: int) -> list[tuple[str, str, int]]:
    return sorted((day.day, day.dataset, day.events) for day in store.expired(received_before_us))


def test_age_counts_from_the_receipt(store: Store):
    put(
        store,
        {**OLD, TIME: NOON - 10 * DAY},
        {TIME: NOON - 20 * DAY},
        {**OLD, TIME: 0, DATASET: "odd"},
        {**OLD, TIME: NOON - 10 * DAY, DATASET: "mixed"},
        {TIME: NOON - 10 * DAY, DATASET: "mixed"},
    )
    assert names(store, NOON - 9 * DAY) == []
    assert names(store, NOON - 9 * DAY + 1) == [("2026-07-18", "sshd", 1), ("2026-07-19", "odd", 1)]


def test_a_day_goes_as_it_was_sealed(store: Store):
    put(store, {**OLD, TIME: NOON - 10 * DAY}, {**OLD, TIME: NOON - 10 * DAY}, {"message": "stays"})
    (day,) = store.expired(NOON)
    assert store.sources_of(day) == {"web-1:/var/log/auth.log"}
    sealed = store.digest(day)
    assert store.digest(day) == sealed
    put(store, {**OLD, TIME: NOON - 10 * DAY, "message": "late"}, sequence=2)
    assert not store.remove(day, sealed)
    assert store.count(Request()) == 4
    assert store.remove(day, store.digest(day))
    assert [event["message"] for event in store.search(Request())] == ["stays"]
    assert not store.remove(day, sealed)


def test_only_that_dataset_of_that_day_goes(store: Store):
    put(
        store,
        *[
            dict[str, object]({**OLD, TIME: NOON - n * DAY, DATASET: name})
            for n in (10, 11)
            for name in ("sshd", "SSHD", "nginx")
        ],
    )
    day = next(day for day in store.expired(NOON) if (day.day, day.dataset) == ("2026-07-18", "sshd"))
    assert store.remove(day, store.digest(day))
    assert names(store, NOON) == [
        ("2026-07-17", "SSHD", 1),
        ("2026-07-17", "nginx", 1),
        ("2026-07-17", "sshd", 1),
        ("2026-07-18", "SSHD", 1),
        ("2026-07-18", "nginx", 1),
    ]


def test_an_event_that_comes_after_its_day_was_taken_away_is_kept(store: Store):
    put(store, {**OLD, TIME: NOON - 10 * DAY})
    (day,) = store.expired(NOON)
    assert store.remove(day, store.digest(day))
    (late,) = put(store, {TIME: NOON - 10 * DAY, "message": "late", "new.field": "Found"}, sequence=2)
    assert list(store.search(Request())) == [late.event]
    assert [bucket.key for bucket in store.top(Request(), "new.field")] == ["Found"]


def test_rows_come_by_their_place(store: Store):
    events: list[dict[str, object]] = [{TIME: NOON - n, "message": str(n), "tags": ["a", str(n)]} for n in range(12)]
    given = [row for sequence in (10, 2) for row in rows(events, sequence=sequence)]
    given += [Row(row.event, row.place, row.index, part=1) for row in given[:3]]
    store.append(given, Commit(stream="1", sequence=10))
    (day,) = store.days()
    found = list(store.rows(day))
    assert found == sorted(given, key=lambda row: (row.place.sequence, row.index, row.part))
