"""Columns: any number of names, case and all, read column by column or as events; files tell their own columns."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, RECORD, Row
from sec_ops.siem.query.tree import Exists, Match
from sec_ops.siem.storing import Commit, Request
from tests.contract.event_stores import TYPES, FixedClock, rows

FIELDS = (Path(__file__).parents[1] / "windows" / "sigma_names.txt").read_text().splitlines()
"""The fields that 2,858 Sigma rules for Windows name; the 212th has no name: words anywhere, which is `message`."""


def put(store: EmbeddedStore, events: Sequence[Mapping[str, Any]], sequence: int = 1) -> list[Row]:
    given = rows([{DATASET: "windows", **event} for event in events], sequence=sequence)
    store.append(given, Commit(stream="1", sequence=sequence))
    return given


def values(store: EmbeddedStore, fields: Sequence[str]) -> dict[str, set[Any]]:
    with store.hunting(None, None) as stretches:
        (stretch,) = stretches
        return {name: set(found) for name, found in stretch.distinct(fields).items()}


def test_every_hunted_field_is_read_by_its_column(store: EmbeddedStore):
    twins = [name.swapcase() for name in FIELDS]
    names = sorted({"message", "ProcessId", "ProcessID", "PROCESSID", *FIELDS, *twins})
    assert len(FIELDS) == 211
    put(store, [{name: f"{name} {n}" for name in names[n % 7 :: 3]} for n in range(60)])
    put(store, [{name: f"only {name}"} for name in names], sequence=2)
    ours = {name: [f"{name} {n}" for n in range(60) if name in names[n % 7 :: 3]] for name in names}
    for merged in (False, True):
        found = values(store, names)
        for name in names:
            assert found[name] == {*ours[name], f"only {name}"}, merged
        store.maintain()


@pytest.mark.parametrize("bound", [1500, 40])
def test_ten_thousand_names(tmp_path: Path, bound: int):
    store = EmbeddedStore(tmp_path, types=TYPES, clock=FixedClock(), randomness=os.urandom, columns_bound=bound)
    given = put(store, [{f"field.{n}": f"value {n}", f"list.{n % 7}": ["a", str(n)]} for n in range(5_000)])
    given += put(store, [{f"Field.{n}": f"{n}", "source.port": n} for n in range(5_000)], sequence=2)
    store.maintain()
    expected = {row.event[RECORD]: row.event for row in given}
    for order in ("ascending", "descending"):
        found = list(store.search(Request(limit=600, order=order)))
        assert len(found) == 600
        assert {event[RECORD]: event for event in found}.items() <= expected.items()
    asked = {"field.17": "VALUE 17", "field.4999": "value 4999", "Field.4321": "4321", "list.3": "3"}
    for name, value in asked.items():
        assert store.count(Request(query=Match(name, (value,)))) == 1, name
    assert store.count(Request(query=Exists("list.0"))) == 715
    assert [bucket.key for bucket in store.top(Request(), "field.4999")] == ["value 4999"]
    with store._manifest.reading() as connection:
        assert connection.execute("SELECT count(*) FROM columns").fetchone() == (bound,)
    store.close()


def test_datasets_past_the_bound_are_named(tmp_path: Path):
    store = EmbeddedStore(tmp_path, types=TYPES, clock=FixedClock(), randomness=os.urandom, columns_bound=8)
    put(store, [{DATASET: "narrow", "a": "1"}, {DATASET: "wide", **{f"field.{n}": "1" for n in range(9)}}])
    assert store.overflowing() == ["wide"]
    put(store, [{DATASET: "wide", "a": "1"}], sequence=2)
    store.maintain()
    assert store.overflowing() == ["wide"]
    store.close()


def test_many_rows_of_many_names_fit_into_memory(store: EmbeddedStore):
    events = [{f"wide.{(row * 31 + at * 97) % 1400}": "value" for at in range(8)} for row in range(16_000)]
    put(store, events)
    assert store.count(Request(query=Exists("wide.7"))) == sum("wide.7" in event for event in events)
    with store._manifest.reading() as connection:
        assert connection.execute("SELECT count(*) FROM files").fetchone()[0] > 1


def test_odd_names_beyond_the_bound(tmp_path: Path):
    store = EmbeddedStore(tmp_path, types=TYPES, clock=FixedClock(), randomness=os.urandom, columns_bound=0)
    names = ["a/b", "a~b", "a~1b", "a", "$.a", "'", '"', "\\", "?", "字", "", "0", "a\x00"]
    put(store, [{name: f"value of {n}"} for n, name in enumerate(names)])
    for n, name in enumerate(names):
        assert [bucket.key for bucket in store.top(Request(), name)] == [f"value of {n}"], name
    store.close()


def test_numbers_never_change_their_meaning(store: EmbeddedStore, tmp_path: Path):
    put(store, [{"a": "1", "b": "2"}])
    other = EmbeddedStore(tmp_path / "logs", types=TYPES, clock=FixedClock())
    put(other, [{"c": "3", "B": "4"}], sequence=2)
    put(store, [{"d": "5", "c": "6"}], sequence=3)
    found = list(store.search(Request(fields=("a", "b", "B", "c", "d"), sort=RECORD, order="ascending")))
    assert found == [{"a": "1", "b": "2"}, {"B": "4", "c": "3"}, {"c": "6", "d": "5"}]
    other.close()


def test_a_file_tells_its_own_columns(store: EmbeddedStore, tmp_path: Path):
    name = 'it\'s "odd" 字段 {}'
    put(store, [{name: "x", "source.port": [1]}])
    (path,) = (tmp_path / "logs" / "events").rglob("*.parquet")
    found = duckdb.connect().execute("SELECT key, value FROM parquet_kv_metadata(?)", [str(path)]).fetchall()
    (described,) = [json.loads(value) for key, value in found if key == b"sec_ops.columns"]
    assert described["dataset"] == "windows"
    numbers = {tuple(about[:2]): column for column, about in described["columns"].items()}
    held = duckdb.connect().execute(f"SELECT {numbers[name, 'single']} FROM '{path}'").fetchall()
    assert held == [("x",)]
    assert described["columns"][numbers["source.port", "list"]] == ["source.port", "list", "long"]
    assert path.stat().st_mode & 0o777 == 0o600


def test_datasets_with_any_name_have_folders_below_their_own(store: EmbeddedStore, tmp_path: Path):
    names = ["../../x", "a/b", "..", "", "字", "A", "a" * 300, ".tmp", "a\x00b", "x.y_z-1"]
    given = rows([{DATASET: name, "n": str(n)} for n, name in enumerate(names)])
    store.append(given, Commit(stream="1", sequence=1))
    assert {event[DATASET] for event in store.search(Request())} == {*names, "unparsed"} - {""}
    folders = {path.parent.parent for path in (tmp_path / "logs").rglob("*.parquet")}
    assert {folder.parent for folder in folders} == {tmp_path / "logs" / "events"}


def test_values_that_do_not_fit_are_kept_aside(store: EmbeddedStore):
    odd: dict[str, Any] = {
        "source.port": ["x", 2**63, 7, None],
        "event.duration": 2**64,
        "event.risk_score": "high",
        "process.elevated": "yes",
        "event.created": 1.5,
        "message": 5,
        "user.name": True,
        "tags": [1, "a", None],
        "nothing": None,
        "empty": [],
        "misfit.source.port": "before",
        "surrogate": "a\ud800b",
    }
    put(store, [odd, {"source.port": 1}])
    (found,) = store.search(Request(query=Exists("tags")))
    assert {name: value for name, value in found.items() if name in odd or name.startswith("misfit")} == {
        "source.port": [7],
        "misfit.source.port": ["before", "x", str(2**63)],
        "misfit.event.duration": str(2**64),
        "misfit.event.risk_score": "high",
        "misfit.process.elevated": "yes",
        "misfit.event.created": "1.5",
        "message": "5",
        "user.name": "true",
        "tags": ["1", "a"],
        "surrogate": "a\ufffdb",
    }
