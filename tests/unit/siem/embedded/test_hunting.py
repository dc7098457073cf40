"""Hunting: the values of fields and the events that have them are those of the events that were stored."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.siem.embedded import hunting
from sec_ops.siem.embedded.hunting import Pick
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, TIME
from sec_ops.siem.storing import Commit
from tests.contract.event_stores import NOON, TYPES, FixedClock, rows

FIELDS = (
    "process.name",
    "user.name",
    "source.ip",
    "source.port",
    "process.elevated",
    "event.risk_score",
    "Data",
    "nobody",
)
TEXTS = st.sampled_from(["a", "A", "it's", "字", "", "x" * 300, "-1"])
LISTS = st.lists(TEXTS, min_size=1, max_size=3)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {DATASET: st.sampled_from(["windows", "sshd"])},
        optional={
            "process.name": TEXTS,
            "user.name": TEXTS | LISTS,
            "Data": TEXTS | LISTS,
            "source.port": st.integers(0, 3) | st.lists(st.integers(0, 3), min_size=1, max_size=3),
            "process.elevated": st.booleans(),
            "event.risk_score": st.sampled_from([0.5, 1.0, -2.25]),
            TIME: st.integers(NOON, NOON + 20),
        },
    ),
    min_size=1,
    max_size=30,
)


def stored(folder: Path, batches: Sequence[Sequence[Mapping[str, Any]]], bound: int = 1500) -> EmbeddedStore:
    store = EmbeddedStore(folder, types=TYPES, clock=FixedClock(), randomness=os.urandom, columns_bound=bound)
    for sequence, batch in enumerate(batches, 1):
        store.append(rows(batch, sequence=sequence), Commit(stream="1", sequence=sequence))
    return store


def several(event: Mapping[str, Any], name: str) -> list[Any]:
    value = event.get(name, [])
    return value if isinstance(value, list) else [value]


@settings(max_examples=25, deadline=None)
@given(EVENTS, EVENTS, st.sampled_from([1500, 3]), st.data())
def test_values_and_picked_events_are_those_that_were_stored(
    first: list[dict[str, Any]], second: list[dict[str, Any]], bound: int, data: st.DataObject
):
    since = data.draw(st.none() | st.integers(NOON, NOON + 10))
    picks: dict[str, set[Any]] = {
        "user.name": data.draw(st.sets(st.sampled_from(["a", "A", "字", "", "x" * 300]), max_size=2)),
        "source.port": data.draw(st.sets(st.sampled_from([0, 1, 3]), max_size=2)),
        "process.elevated": data.draw(st.sets(st.booleans(), max_size=1)),
    }
    absent = data.draw(st.sets(st.sampled_from(["Data", "nobody"]), max_size=1))
    with TemporaryDirectory() as folder:
        store = stored(Path(folder), [first, second], bound)
        every = [row for n, batch in enumerate((first, second), 1) for row in rows(batch, sequence=n)]
        events: list[Mapping[str, Any]] = [row.event for row in every]
        events = [event for event in events if since is None or event[TIME] >= since]
        found: Counter[str] = Counter()
        with store.hunting(since, None) as stretches:
            for stretch in stretches:
                ours = [event for event in events if event[DATASET] == stretch.dataset]
                for name, values in stretch.values([*FIELDS, DATASET]).items():
                    each = [several(event, name) for event in ours]
                    assert values.counts == dict(Counter(value for some in each for value in set(some))), name
                    assert values.missing == sum(not some for some in each), name
                wanted = [Pick(field=name, values=tuple(values)) for name, values in picks.items()]
                wanted += [Pick(field=name, missing=True) for name in absent]
                got = {event[RECORD]: event for event in stretch.events(wanted)}
                right = [
                    event
                    for event in ours
                    if any(set(several(event, name)) & values for name, values in picks.items())
                    or any(not several(event, name) for name in absent)
                ]
                assert got == {event[RECORD]: {k: v for k, v in event.items() if v != []} for event in right}
                found.update([stretch.dataset])
        store.close()


def test_stretches_are_bounded_and_hold_every_event_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hunting, "_ROWS", 10)
    batches = [[{"process.name": f"{batch}.{n}"} for n in range(6)] for batch in range(5)]
    store = stored(tmp_path, batches)
    with store.hunting(None, None) as stretches:
        every = [stretch.values(["process.name"])["process.name"].counts for stretch in stretches]
    assert len(every) == 5
    assert Counter(value for counts in every for value in counts) == Counter(
        event["process.name"] for batch in batches for event in batch
    )
    store.close()


def test_more_fields_than_one_query_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hunting, "_SETS", 3)
    store = stored(tmp_path, [[{f"field.{n}": str(n) for n in range(10)}, {"field.3": ["3", "4"]}]])
    with store.hunting(None, None) as stretches:
        found = next(stretches).values([f"field.{n}" for n in range(10)])
    assert {name: values.counts for name, values in found.items()} == {
        f"field.{n}": {"3": 2, "4": 1} if n == 3 else {str(n): 1} for n in range(10)
    }
    assert found["field.5"].missing == 1
    store.close()
