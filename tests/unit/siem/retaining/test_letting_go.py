"""Letting go: by receipt alone, sealed before removed, never what a hold names."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import LogsDeleted
from sec_ops.model.log_hold import Hold
from sec_ops.model.log_settings import LogSettings
from sec_ops.siem.embedded.store import EmbeddedStore
from sec_ops.siem.events import DATASET, TIME
from sec_ops.siem.retaining.holds import Holds
from sec_ops.siem.retaining.letting_go import doubt_clock, let_go, look_ahead, raw_before, rule_of
from sec_ops.siem.storing import Commit, Request, Retained
from tests.contract.event_stores import DAY, NOON, TYPES, FixedClock, rows

NOW = dt.datetime(2026, 7, 28, 20, tzinfo=dt.UTC)
RULE = rule_of(LogSettings(), NOW)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    opened = EmbeddedStore(tmp_path, types=TYPES, clock=FixedClock(), randomness=os.urandom)
    yield opened
    opened.close()


@pytest.fixture
def holds(tmp_path: Path) -> Iterator[Holds]:
    opened = Holds(tmp_path)
    yield opened
    opened.close()


def put(
    store: EmbeddedStore, days_ago: float, received_days_ago: float, dataset: str = "sshd", source: str = "a"
) -> None:
    sequence = max((commit.sequence for commit in store.committed().values()), default=0) + 1
    event = {
        TIME: NOON - int(days_ago * DAY),
        "event.ingested": NOON - int(received_days_ago * DAY),
        DATASET: dataset,
        "sec_ops.source": "a",
    }
    store.append(rows([event], sequence=sequence), Commit(stream="1", sequence=sequence))


def _unsealed(_deleted: LogsDeleted) -> None:
    pass


def go(
    store: EmbeddedStore, holds: Holds, seal: Callable[[LogsDeleted], None] = lambda _deleted: None
) -> list[Retained]:
    return list(let_go(store, holds, RULE, seal))


def hold(name: str, first: str, last: str, **narrowed: tuple[str, ...]) -> Hold:
    days = {"first_day": dt.date.fromisoformat(first), "last_day": dt.date.fromisoformat(last)}
    return Hold(
        id=name, case="case-1", reason="theft", person="li", placed="2026-07-28T00:00:00.000Z", **days, **narrowed
    )


@pytest.mark.parametrize(
    ("days_ago", "received_days_ago", "kept"),
    [
        (201, 201, 0),
        (200, 200, 1),
        (0, 0, 1),
        (390, 199, 1),
        (20_000, 199, 1),
        (-4000, 201, 0),
        (201.4, 201.4, 0),
    ],
)
def test_age_counts_from_the_receipt(
    store: EmbeddedStore, holds: Holds, days_ago: float, received_days_ago: float, kept: int
):
    put(store, days_ago, received_days_ago)
    go(store, holds)
    assert store.count(Request()) == kept


def test_one_late_event_keeps_its_day(store: EmbeddedStore, holds: Holds):
    put(store, 250, 250)
    put(store, 250, 100)
    assert go(store, holds) == []
    assert store.count(Request()) == 2


def test_whole_days_are_sealed_before_they_go(store: EmbeddedStore, holds: Holds):
    for dataset in ("sshd", "nginx"):
        put(store, 250, 250, dataset)
    put(store, 249, 249)
    sealed: list[LogsDeleted] = []

    def seal(deleted: LogsDeleted) -> None:
        assert store.count(Request()) == 3 - sum(len(each.datasets) for each in sealed)
        sealed.append(deleted)

    gone = go(store, holds, seal)
    assert [(day.day, day.datasets, day.events) for day in gone] == [
        ("2025-11-20", ("nginx", "sshd"), 2),
        ("2025-11-21", ("sshd",), 1),
    ]
    assert [each.datasets.keys() for each in sealed] == [{"nginx", "sshd"}, {"sshd"}]
    assert all(len(each.sha256) == 64 for day in sealed for each in day.datasets.values())
    assert store.count(Request()) == 0
    store.maintain()
    assert list((store._layout.events).rglob("*.parquet")) == []


def test_cut_short_between_seal_and_removal(store: EmbeddedStore, holds: Holds):
    put(store, 250, 250)
    sealed: list[LogsDeleted] = []

    def seal_and_die(deleted: LogsDeleted) -> None:
        sealed.append(deleted)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(store, holds, seal_and_die)
    assert store.count(Request()) == 1
    go(store, holds, sealed.append)
    assert store.count(Request()) == 0
    assert sealed[0] == sealed[1]


def test_what_came_after_the_seal_is_not_removed(store: EmbeddedStore, holds: Holds):
    put(store, 250, 250)
    assert go(store, holds, lambda _deleted: put(store, 250, 0)) == []
    assert store.count(Request()) == 2


def test_nothing_goes_in_a_dry_run(store: EmbeddedStore, holds: Holds):
    put(store, 250, 250)
    (ahead,) = look_ahead(store, holds, RULE)
    assert (ahead.day, ahead.datasets, ahead.events) == ("2025-11-20", ("sshd",), 1)
    assert go(store, holds) == [ahead]


@pytest.mark.parametrize(
    ("given", "held"),
    [
        (hold("h", "2025-11-20", "2025-11-20"), True),
        (hold("h", "2025-11-01", "2025-11-19"), False),
        (hold("h", "2025-11-21", "2026-11-19"), False),
        (hold("h", "2025-11-01", "2025-12-01", datasets=("sshd",)), True),
        (hold("h", "2025-11-01", "2025-12-01", datasets=("nginx",)), False),
        (hold("h", "2025-11-01", "2025-12-01", sources=("a", "b")), True),
        (hold("h", "2025-11-01", "2025-12-01", sources=("b",)), False),
    ],
)
def test_holds(store: EmbeddedStore, holds: Holds, given: Hold, held: bool):
    put(store, 250, 250)
    holds.put(given)
    (day,) = go(store, holds)
    assert day.held_by == ("h" if held else "")
    assert store.count(Request()) == int(held)
    lifted = given.model_copy(update={"lifted": "2026-07-28T01:00:00.000Z"})
    holds.put(lifted)
    assert holds.all() == [lifted]
    go(store, holds)
    assert store.count(Request()) == 0


def test_raw_records_stay_from_the_day_before_a_hold_on():
    assert raw_before(RULE, []) == RULE.received_before
    late, early = hold("h", "2026-07-01", "2026-07-02"), hold("h", "2025-01-02", "2025-01-03")
    assert raw_before(RULE, [late]) == RULE.received_before
    assert raw_before(RULE, [late, early]) == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def test_a_lifted_hold_is_no_more(holds: Holds):
    holds.put(hold("h", "2025-11-20", "2025-11-20"))
    assert holds.named("h").case == "case-1"
    with pytest.raises(UsageError):
        holds.named("other")


def test_a_clock_far_ahead_is_not_believed(store: EmbeddedStore):
    doubt_clock(store, NOW)
    put(store, 300, 0)
    put(store, 100, 90)
    doubt_clock(store, NOW + dt.timedelta(days=59))
    with pytest.raises(UsageError):
        doubt_clock(store, NOW + dt.timedelta(days=4000))


def test_less_than_six_months_needs_a_reason():
    with pytest.raises(ValidationError, match="184"):
        LogSettings(retention_days=183)
    with pytest.raises(ValidationError, match="184"):
        LogSettings(retention_days=183, retention_reason="  ")
    assert LogSettings(retention_days=184).retention_days == 184
    assert LogSettings(retention_days=30, retention_reason="test bed").retention_days == 30
    assert LogSettings().retention_days == 200
