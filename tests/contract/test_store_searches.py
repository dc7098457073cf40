"""Random searches over a store that holds every odd value there is: it finds what `evaluate` finds, or refuses."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, TIME
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.query.tree import Query
from sec_ops.siem.storing import Commit, EventStore, Request
from tests.contract.event_stores import FixedClock, rows
from tests.strategies.search import TYPES, corpus, queries

EVENTS = [row.event for row in rows({**event, DATASET: f"set{n % 3}"} for n, event in enumerate(corpus()))]
EVENTS += [
    {**EVENTS[0], **EVENTS[n], **EVENTS[-n], RECORD: f"2/1/{n - 1}", DATASET: "set0"} for n in range(1, len(EVENTS), 7)
]


def _embedded(folder: Path, bound: int = 1500) -> EmbeddedStore:
    return EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom, columns_bound=bound)


def _merged(folder: Path) -> EmbeddedStore:
    store = _embedded(folder)
    fill(store)
    store.maintain()
    return store


STORES: dict[str, Callable[[Path], EventStore]] = {
    "embedded": _embedded,
    "embedded, few columns": lambda folder: _embedded(folder, 5),
    "embedded, merged": _merged,
}


def fill(store: EventStore) -> None:
    """Put the events into a store, in several appends."""
    for stream in ("1", "2"):
        mine = [event for event in EVENTS if str(event[RECORD]).startswith(f"{stream}/")]
        for sequence, start in enumerate(range(0, len(mine), 50), 1):
            given = rows(mine[start : start + 50], stream=stream, sequence=sequence)
            store.append(given, Commit(stream=stream, sequence=sequence))


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventStore]:
    opened = STORES[request.param](tmp_path_factory.mktemp("store"))
    if not opened.committed():
        fill(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def stored(store: EventStore) -> dict[str, dict]:
    return {str(event[RECORD]): event for event in store.search(Request(limit=None))}


def test_everything_is_there(store: EventStore, stored: dict[str, dict]):
    assert len(stored) == len(EVENTS)
    kept = sorted((sorted(event.items(), key=str) for event in map(without_record, stored.values())), key=str)
    given = sorted((sorted(event.items(), key=str) for event in map(without_record, EVENTS)), key=str)
    assert kept == given


def without_record(event: dict) -> dict:
    return {name: value for name, value in event.items() if name != RECORD}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries())
def test_it_finds_what_the_evaluator_finds(store: EventStore, stored: dict[str, dict], query: Query):
    expected = {record for record, event in stored.items() if evaluate(query, event, TYPES)}
    asked = Request(query=query, fields=(RECORD,), limit=None)
    assert {event[RECORD] for event in store.search(asked)} == expected
    assert store.count(asked) == len(expected)
    few = Request(query=query, fields=(RECORD, TIME), limit=20)
    first = [event[RECORD] for event in store.search(few)]
    assert len(first) == min(20, len(expected))
    assert set(first) <= expected
