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

from sec_ops.content.patterns import holder_of
from sec_ops.detection.values import scalars
from sec_ops.model.folding import fold
from sec_ops.siem.embedded import hunting
from sec_ops.siem.embedded.alike import Asked, Cell, Combination, Numbers
from sec_ops.siem.embedded.hunting import Stretch
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
                around = [event for event in every if event[DATASET] == stretch.dataset]
                for name, values in stretch.distinct(FIELDS).items():
                    assert len(values) == len(set(map(repr, values)))
                    assert {repr(cell(e, name)) for e in ours} - {"None"} <= set(map(repr, values)), name
                    assert set(map(repr, values)) <= {repr(cell(e, name)) for e in around}, name
                together = Counter(tuple(cell(event, name) for name in FIRST) for event in ours)
                assert stretch.combinations(FIRST) == together
                asked = data.draw(st.sets(st.sampled_from(sorted(together, key=repr)))) if together else set()
                _check_groups(stretch, ours, sorted(asked, key=repr))
        assert missing == set(), "events of a data set in no stretch"
        store.close()


def anything(_combination: int, _numbers: tuple[int | None, ...], _alike: tuple[bool, ...]) -> bool:
    return True


NUMBERS: dict[str, Numbers] = {
    "Data": Numbers({"a": 1, "字": 2, ("a", "A"): 3, ("",): 1}, least=2),
    "source.port": Numbers({0: 1, 2: 2, (1, 2): 4}, least=5),
    "process.elevated": Numbers({True: 7}, least=7),
    "nobody": Numbers({"x": 1}, least=1),
}


def _check_groups(stretch: Stretch, ours: Sequence[Mapping[str, Any]], asked: Sequence[Combination]) -> None:
    right: dict[Any, set[Any]] = {}
    telling: dict[Any, set[Any]] = {}
    for event in ours:
        own = tuple(cell(event, name) for name in FIRST)
        if own in asked:
            cells = {name: cell(event, name) for name in NUMBERS}
            numbers = [NUMBERS[name].values.get(value) if value is not None else None for name, value in cells.items()]
            right.setdefault((asked.index(own), *numbers), set()).add(event[RECORD])
            tells = (number >= each.least for number, each in zip(numbers, NUMBERS.values(), strict=True) if number)
            if asked.index(own) == 0 or any(tells):
                telling.setdefault((asked.index(own), *numbers), set()).add(event[RECORD])
    every = range(len(asked))
    assert _groups(stretch, Asked(fields=FIRST, combinations=asked, numbers=NUMBERS, always=every)) == right
    assert _groups(stretch, Asked(fields=FIRST, combinations=asked, numbers=NUMBERS, always=every[:1])) == telling
    _check_pairs(stretch, ours, asked)
    whole = Asked(fields=FIRST, combinations=asked, always=every)
    rows_ = [row for group in stretch.groups(whole, anything) for row in group.rows]
    expected = {str(event[RECORD]): event for event in ours if tuple(cell(event, name) for name in FIRST) in asked}
    assert {str(each[RECORD]): each for _row, each in stretch.events(rows_)} == expected
    few = ("Data", "user.name", TIME, DATASET, RECORD)
    assert {str(each[RECORD]): each for _row, each in stretch.events(rows_, few[:2])}.items() >= {
        record: {name: event[name] for name in few if name in event} for record, event in expected.items()
    }.items() or stretch.spills()
    assert list(stretch.groups(whole, lambda _combination, _numbers, _alike: False)) == []


PAIRS = [("Data", "process.name"), ("nobody", "user.name"), ("source.port", "user.name")]


def _check_pairs(stretch: Stretch, ours: Sequence[Mapping[str, Any]], asked: Sequence[Combination]) -> None:
    events = {event[RECORD]: event for event in ours}
    found = Asked(fields=FIRST, combinations=asked, numbers=NUMBERS, pairs=PAIRS, always=range(len(asked)))
    told: set[Any] = set()
    for group in stretch.groups(found, anything):
        for record in records(stretch, group.rows):
            told.add(record)
            for (one, other), alike in zip(PAIRS, group.alike, strict=True):
                texts = [{fold(str(each)) for each in scalars(events[record].get(name))} for name in (one, other)]
                assert alike or texts[0].isdisjoint(texts[1])
    assert told == {event[RECORD] for event in ours if tuple(cell(event, name) for name in FIRST) in asked}


def _groups(stretch: Stretch, asked: Asked) -> dict[Any, set[Any]]:
    found = stretch.groups(asked, anything)
    return {(group.combination, *group.numbers): records(stretch, group.rows) for group in found}


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.sampled_from([1500, 3]), st.sampled_from(["a", "字", "é", "kelvin", "x" * 9]))
def test_no_field_that_holds_a_text_is_left_out(events: list[dict[str, Any]], bound: int, text: str):
    more: list[dict[str, Any]] = [{"process.name": "É 0 Kelvin K"}, {"user.name": ["É", "xX"]}]
    with TemporaryDirectory() as folder:
        store = stored(Path(folder), [events, more], bound)
        with store.hunting(None, None) as stretches:
            for stretch in stretches:
                every = [row.event for batch in (events, more) for row in rows(batch, sequence=1)]
                ours = [event for event in every if event[DATASET] == stretch.dataset]
                held = stretch.holding(("process.name", "user.name", "Data", "nobody"), holder_of([text]))
                for name in ("process.name", "user.name", "Data"):
                    texts = [each for event in ours for each in scalars(event.get(name))]
                    assert name in held or not any(text in fold(str(each)) for each in texts)
        store.close()


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
