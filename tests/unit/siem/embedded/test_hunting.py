"""Hunting: values, groups and events of stretches are those of the events that were stored."""

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
from sec_ops.siem.embedded.hunting import Cell, Stretch
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, TIME
from sec_ops.siem.storing import Commit
from tests.contract.event_stores import NOON, TYPES, FixedClock, rows

FIELDS = ("user.name", "source.port", "process.elevated", "event.risk_score", "Data", "nobody", DATASET)
FIRST = ("process.name", "user.name")
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


def cell(event: Mapping[str, Any], name: str) -> Cell | None:
    value = event.get(name)
    return tuple(value) if isinstance(value, list) else value


def records(stretch: Stretch, numbers: Sequence[int]) -> set[Any]:
    return {event[RECORD] for _row, event in stretch.events(numbers)}


@settings(max_examples=25, deadline=None)
@given(EVENTS, EVENTS, st.sampled_from([1500, 3]), st.none() | st.integers(NOON, NOON + 10), st.data())
def test_stretches_say_what_the_stored_events_say(
    first: list[dict[str, Any]], second: list[dict[str, Any]], bound: int, since: int | None, data: st.DataObject
):
    every = [row.event for n, batch in enumerate((first, second), 1) for row in rows(batch, sequence=n)]
    events: list[Mapping[str, Any]] = [each for each in every if since is None or cell(each, TIME) >= since]  # type: ignore[operator]
    with TemporaryDirectory() as folder:
        store = stored(Path(folder), [first, second], bound)
        missing = {event[DATASET] for event in events}
        with store.hunting(since, None) as stretches:
            for stretch in stretches:
                missing.discard(stretch.dataset)
                ours = [event for event in events if event[DATASET] == stretch.dataset]
                for name, values in stretch.distinct(FIELDS).items():
                    assert sorted(map(repr, values)) == sorted(map(repr, {cell(e, name) for e in ours} - {None})), name
                together = Counter(tuple(cell(event, name) for name in FIRST) for event in ours)
                assert stretch.combinations(FIRST) == together
                asked = data.draw(st.sets(st.sampled_from(sorted(together, key=repr)))) if together else set()
                _check_groups(stretch, ours, sorted(asked, key=repr))
        assert missing == set(), "events of a data set in no stretch"
        store.close()


def _check_groups(
    stretch: Stretch, ours: Sequence[Mapping[str, Any]], asked: Sequence[tuple[Cell | None, ...]]
) -> None:
    numbers: dict[str, dict[Cell, int]] = {
        "Data": {"a": 1, "字": 2, ("a", "A"): 3, ("",): 1},
        "source.port": {0: 1, 2: 2, (1, 2): 4},
        "process.elevated": {True: 7},
        "nobody": {"x": 1},
    }
    found = {
        (group.combination, *group.numbers): records(stretch, group.rows)
        for group in stretch.groups(FIRST, asked, numbers)
    }
    right: dict[Any, set[Any]] = {}
    for event in ours:
        own = tuple(cell(event, name) for name in FIRST)
        if own in asked:
            given = (numbers[name].get(value) if (value := cell(event, name)) is not None else None for name in numbers)
            right.setdefault((asked.index(own), *given), set()).add(event[RECORD])
    assert found == right
    whole = [row for group in stretch.groups(FIRST, asked, {}) for row in group.rows]
    assert {str(each[RECORD]): each for _row, each in stretch.events(whole)} == {
        str(event[RECORD]): event for event in ours if tuple(cell(event, name) for name in FIRST) in asked
    }


def test_stretches_are_bounded_and_hold_every_event_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hunting, "_ROWS", 10)
    batches = [[{"process.name": f"{batch}.{n}"} for n in range(6)] for batch in range(5)]
    store = stored(tmp_path, batches)
    with store.hunting(None, None) as stretches:
        every = [stretch.distinct(["process.name"])["process.name"] for stretch in stretches]
    assert len(every) == 5
    assert sorted(str(value) for some in every for value in some) == sorted(
        event["process.name"] for batch in batches for event in batch
    )
    store.close()


def test_more_fields_than_one_query_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hunting, "_SETS", 3)
    store = stored(tmp_path, [[{f"field.{n}": str(n) for n in range(10)}, {"field.3": ["3", "4"]}]])
    with store.hunting(None, None) as stretches:
        stretch = next(stretches)
        found = stretch.distinct([f"field.{n}" for n in range(10)])
        assert stretch.has(["field.3", "field.77", RECORD]) == {"field.3", RECORD}
        assert not stretch.spills()
    assert {name: set(values) for name, values in found.items()} == {
        f"field.{n}": {"3", ("3", "4")} if n == 3 else {str(n)} for n in range(10)
    }
    store.close()
