"""Runs over a store that searches by itself: the alerts of the plain path, each event once, whatever comes between."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from sec_ops.detection.database import Database, open_database
from sec_ops.detection.run import going_on
from sec_ops.detection.run.gathering import Span
from sec_ops.model.errors import UsageError
from sec_ops.siem.elastic.compiling import Aside, compile_query, parts_of
from sec_ops.siem.elastic.fetching import ToldEvents
from sec_ops.siem.events import RECORD, TIME, Event, Row
from sec_ops.siem.query import tree
from sec_ops.siem.query.evaluate import evaluate
from sec_ops.siem.storing import Commit
from sec_ops.workflows.elastic_detection import judge_new, judge_span, push
from tests.contract.pushed_detection import MINUTE_US, NOON_US, alerts, batch, embedded, events, setting, types


class PlainStore:
    """Answers as a cluster does, by looking at each event."""

    def __init__(self) -> None:
        self.types = types()
        self.rows: list[tuple[Commit, Row]] = []
        self.commits: dict[str, Commit] = {}
        self.fetched = 0

    def append(self, rows: Sequence[Row], commit: Commit) -> None:
        self.rows += [(commit, row) for row in rows]
        self.commits[commit.stream] = commit

    def settled(self) -> Mapping[str, Commit]:
        return dict(self.commits)

    def can(self, query: tree.Query) -> bool:
        try:
            return bool(compile_query(query, self.types))
        except UsageError:
            return False

    def parts(self, query: tree.Query) -> int:
        return parts_of(compile_query(query, self.types, Aside.ALL))

    def parts_bound(self) -> int:
        return 14_400

    def between(self, queries: Sequence[tree.Query], since_us: int | None, until_us: int | None) -> Iterator[Event]:
        span = Span(since_us=since_us, until_us=until_us)
        found = [row.event for _, row in self.rows if span.holds(int(row.event[TIME])) and self._finds(queries, row)]  # type: ignore[arg-type]
        yield from sorted(found, key=lambda event: event[TIME])

    def told(self, queries: Sequence[tree.Query], stream: str, first: int, last: int) -> Iterator[ToldEvents]:
        wanted = [
            (commit, row)
            for commit, row in self.rows
            if commit.stream == stream and first <= commit.sequence <= last and self._finds(queries, row)
        ]
        wanted.sort(key=lambda each: each[0].sequence)
        for sequence, some in groupby(wanted, key=lambda each: each[0].sequence):
            found = [row.event for _, row in some]
            self.fetched += len(found)
            yield ToldEvents(stream=stream, sequence=sequence, received_us=int(found[0][TIME]), events=found)  # type: ignore[arg-type]

    def _finds(self, queries: Sequence[tree.Query], row: Row) -> bool:
        return any(evaluate(query, row.event, self.types) for query in queries)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(tmp_path / "detection.db")) as opened:
        yield opened


def fill(store: PlainStore, some: Sequence[Event], sequence: int, stream: str = "0001") -> None:
    store.append(batch(some, sequence, stream=stream), Commit(stream=stream, sequence=sequence))


def plain(store: PlainStore, folder: Path) -> dict[str, tuple[str, int]]:
    return embedded([row.event for _, row in store.rows], folder)


def test_every_rule_finds_what_it_finds_elsewhere(tmp_path: Path, database: Database) -> None:
    store = PlainStore()
    fill(store, events(), 1)
    judged = judge_new(store, setting(), database)
    expected = plain(store, tmp_path)
    assert alerts(database) == expected
    assert {rule for rule, _ in expected.values()} == {f"00000000-0000-4000-8000-00000000000{each}" for each in "bcdef"}
    assert [str(each.reason) for each in judged.findings.rules.silent] == [
        "no pipeline serves the log source okta/*/* (product/category/service)"
    ]
    assert judged.findings.hits["00000000-0000-4000-8000-00000000000a"] == 8
    assert store.fetched < len(store.rows) + 1


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_many_small_runs_give_what_one_gives(tmp_path: Path, database: Database, size: int) -> None:
    store = PlainStore()
    everything = events()
    for number, begin in enumerate(range(0, len(everything), size)):
        some = everything[begin : begin + size]
        fill(store, some, number // 2 + 1, stream=f"000{number % 2}")
        judge_new(store, setting(max(int(each[TIME]) for each in some)), database)  # type: ignore[arg-type]
    assert alerts(database) == plain(store, tmp_path)


def test_nothing_is_judged_twice(database: Database) -> None:
    store = PlainStore()
    fill(store, events(), 1)
    judge_new(store, setting(), database)
    before = alerts(database)
    again = judge_new(store, setting(), database)
    assert (again.findings.events, again.streams) == (0, 0)
    assert alerts(database) == before


def test_late_events_and_those_of_a_source_that_fell_silent_are_judged(tmp_path: Path, database: Database) -> None:
    store = PlainStore()
    some = events()
    fill(store, some[4:], 5)
    judge_new(store, setting(), database)
    late = batch(some[:2], 2)
    store.append(late, Commit(stream="0001", sequence=5))
    judge_new(store, setting(), database)
    fill(store, some[2:4], 6)
    judge_new(store, setting(), database)
    single = {name: told for name, told in plain(store, tmp_path).items() if not told[0].endswith("b")}
    assert single.items() <= alerts(database).items()


def test_a_run_that_breaks_off_leaves_nothing_half(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PlainStore()
    fill(store, events(), 1)

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(going_on, "keep_positions", broken)
        with pytest.raises(KeyboardInterrupt):
            judge_new(store, setting(), database)
    assert alerts(database) == {}
    judge_new(store, setting(), database)
    assert alerts(database) == plain(store, tmp_path)


def test_a_span_is_judged_as_often_as_wanted(tmp_path: Path, database: Database) -> None:
    store = PlainStore()
    fill(store, events(), 1)
    judge_new(store, setting(), database)
    before = alerts(database)
    judged = judge_span(store, setting(), Span(since_us=NOON_US, until_us=NOON_US + 60 * MINUTE_US), database)
    assert alerts(database) == before
    assert judged.findings.kept is not None
    assert judged.findings.kept.repeated > 0
    only = judge_span(store, setting(), Span(since_us=NOON_US + 30 * MINUTE_US), None)
    assert only.findings.kept is None
    assert 0 < only.findings.events < judged.findings.events


def test_what_is_pushed_exactly_and_what_is_not() -> None:
    pushing = push(setting(), PlainStore())
    assert pushing.exact == 2
    assert pushing.wider == 3
    assert pushing.everything == ()
    assert len(pushing.queries) == 1
    assert [each.rule.header.title["en"] for each in pushing.silent] == ["Never recorded here"]


def test_records_are_those_of_the_raw_log(database: Database) -> None:
    store = PlainStore()
    fill(store, events()[:4], 3)
    seen = [each for told in store.told([tree.Everything()], "0001", 0, 9) for each in told.events]
    assert [each[RECORD] for each in seen] == [f"0001/3/{index}" for index in range(4)]
