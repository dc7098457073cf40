"""Hits taken into alerts: grouped, counted once, bounded."""

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sec_ops.detection.alerts import store
from sec_ops.detection.alerts.closing import close_alert
from sec_ops.detection.alerts.reading import Wanted, alerts_of, count_alerts, named_alert
from sec_ops.detection.alerts.related import ENDS
from sec_ops.detection.alerts.store import Taken, keep_hits
from sec_ops.detection.alerts.values import Alert, State, Verdict
from sec_ops.detection.database import Database, open_database
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Level
from sec_ops.model.errors import StorageError, UsageError
from sec_ops.model.messages import message
from tests.unit.detection.alerts.makers import HOUR_US, NOON_US, NOW_MS, correlation, hit, rule


def keep(database: Database, *hits: Hit, suppression: str = "") -> Taken:
    return keep_hits(database, hits, now_ms=NOW_MS, suppress=lambda _hit: suppression)


def close(database: Database, name: str) -> Alert:
    return close_alert(
        database,
        name,
        person="lin",
        at="2026-11-26T12:00:00.000Z",
        verdict=Verdict.BENIGN,
        reason="maintenance",
        seal=lambda _alert: None,
    )


def test_an_alert_says_what_was_found(database: Database) -> None:
    taken = keep(database, hit(1), hit(2, time_us=NOON_US + 5, user="eve", address="10.0.0.9"))
    (alert,) = alerts_of(database, Wanted())
    assert taken.opened == (alert.id,)
    assert (alert.rule, alert.level, alert.runbook) == ("r-1", Level.HIGH, "account_compromise")
    assert (alert.count, alert.first_us, alert.last_us) == (2, NOON_US, NOON_US + 5)
    assert (alert.hosts, alert.users, alert.addresses) == (("web-1",), ("eve",), ("10.0.0.9",))
    assert [each.record for each in named_alert(database, alert.id).related] == ["linux/0/1", "linux/0/2"]


def test_the_same_event_counts_once_however_often_it_is_judged(database: Database) -> None:
    keep(database, hit(1), hit(2))
    again = keep(database, hit(2), hit(1), hit(3))
    (alert,) = alerts_of(database, Wanted())
    assert (alert.count, again.repeated, again.counted) == (3, 2, {alert.id: 1})
    only_old = keep(database, hit(1), hit(2))
    assert only_old.counted == {}
    assert not only_old.grown


def test_a_line_that_says_something_else_is_another_event(database: Database) -> None:
    line = {"record": "/var/log/auth.log:17"}
    keep(database, hit(event={"m": "monday"}, **line), hit(event={"m": "tuesday"}, **line))  # type: ignore[arg-type]
    assert keep(database, hit(event={"m": "tuesday"}, **line)).repeated == 1  # type: ignore[arg-type]
    assert alerts_of(database, Wanted())[0].count == 2


def test_a_line_that_is_read_again_is_the_same_event(database: Database) -> None:
    line = {"record": "/var/log/auth.log:17"}
    for received in (5, 9):
        read = {"m": "monday", "event.ingested": received, "sec_ops.skew_ms": received}
        keep(database, hit(event=read, **line))  # type: ignore[arg-type]
    assert alerts_of(database, Wanted())[0].count == 1


def test_two_rules_count_the_same_event_each(database: Database) -> None:
    keep(database, hit(1), hit(1, of=rule(id="r-2")))
    assert [alert.count for alert in alerts_of(database, Wanted())] == [1, 1]


def test_correlations_count_what_they_stand_for_once(database: Database) -> None:
    group = (("source.ip", "10.0.0.1"),)
    found = hit(9, of=correlation(), group=group, count=40)
    keep(database, found)
    assert keep(database, found).repeated == 40
    keep(database, hit(9, of=correlation(), group=(("source.ip", "10.0.0.2"),), count=2))
    assert sorted(alert.count for alert in alerts_of(database, Wanted())) == [2, 40]


def test_a_correlation_told_in_other_windows_doubles_nothing(database: Database) -> None:
    def window(first: int, last: int) -> Hit:
        several = tuple(hit(number).occurrences[0] for number in range(first, last))
        return Hit(rule=correlation(), occurrences=several, count=len(several), group=(("source.ip", "a"),))

    keep(database, window(0, 10), window(10, 20))
    assert keep(database, window(0, 10), window(5, 15)).repeated == 20
    assert keep(database, window(15, 25)).counted == {alerts_of(database, Wanted())[0].id: 5}
    (alert,) = alerts_of(database, Wanted())
    assert alert.count == 25
    assert len(named_alert(database, alert.id).related) == 20


def test_late_events_join_the_alert_of_their_time(database: Database) -> None:
    keep(database, hit(1, time_us=NOON_US + HOUR_US))
    keep(database, hit(2, time_us=NOON_US + 1))
    keep(database, hit(3, time_us=NOON_US + HOUR_US - 1))
    assert [alert.count for alert in alerts_of(database, Wanted())] == [1, 2]


def test_a_closed_alert_opens_again_for_an_event_that_nobody_had_seen(database: Database) -> None:
    (name,) = keep(database, hit(1)).opened
    closed = close(database, name[:6])
    assert (closed.state, closed.closings[0].count) == (State.CLOSED, 1)
    assert keep(database, hit(1)).reopened == ()
    assert named_alert(database, name).state is State.CLOSED
    assert keep(database, hit(2)).reopened == (name,)
    alert = named_alert(database, name)
    assert (alert.state, alert.reopened, alert.count, len(alert.closings)) == (State.OPEN, 1, 2, 1)


def test_closing_twice_is_refused_and_a_failed_seal_changes_nothing(database: Database) -> None:
    (name,) = keep(database, hit(1)).opened

    def refuse(_alert: Alert) -> None:
        raise StorageError(message("could not use {path}: {reason}", path="x", reason="y"))

    with pytest.raises(StorageError):
        close_alert(database, name, person="lin", at="x", verdict=Verdict.BENIGN, reason="y", seal=refuse)
    assert named_alert(database, name).state is State.OPEN
    close(database, name)
    with pytest.raises(UsageError, match="not open"):
        close(database, name)


def test_suppressed_events_are_kept_apart_and_counted(database: Database) -> None:
    taken = keep(database, hit(1), hit(2), suppression="s-1")
    assert taken.suppressed == {"s-1": 2}
    keep(database, hit(3))
    states = {alert.state: alert.count for alert in alerts_of(database, Wanted())}
    assert states == {State.SUPPRESSED: 2, State.OPEN: 1}
    assert keep(database, hit(1)).repeated == 1


def test_a_storm_makes_few_rows_and_counts_exactly(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 20)
    for start in range(0, 6000, 1000):
        keep(database, *(hit(number, host=f"host-{number % 300}") for number in range(start, start + 1000)))
    alerts = alerts_of(database, Wanted())
    assert sum(alert.count for alert in alerts) == 6000
    assert len(alerts) == 21
    (rest,) = [alert for alert in alerts if alert.rest]
    assert rest.count == 280 * 20
    assert keep(database, hit(299, host="host-299")).repeated == 1
    with database.reading() as connection:
        (rows,) = connection.execute("SELECT count(*) FROM related").fetchone()
        (seen,) = connection.execute("SELECT count(*) FROM seen").fetchone()
    assert rows <= 21 * 2 * ENDS
    assert seen == 60


def test_events_are_kept_within_bounds(database: Database) -> None:
    huge = {f"f{number}": "x" * 3000 for number in range(5000)} | {"event.action": "ssh_login", "bad": "\ud800"}
    keep(database, hit(1, event=huge), hit(2, event={"list": ["y" * 9999] * 99}))
    first, second = named_alert(database, alerts_of(database, Wanted())[0].id).related
    assert first.cut
    assert second.cut
    assert len(str(first.event)) < 10_000
    assert first.event["event.action"] == "ssh_login"


def test_filters_and_order(database: Database) -> None:
    keep(
        database,
        hit(1, of=rule(id="low", level=Level.LOW)),
        hit(2, of=rule(id="bad", level=Level.CRITICAL), host="DB-1", user="eve"),
        hit(3, of=rule(id="old", level=Level.HIGH), time_us=NOON_US - 48 * HOUR_US),
        hit(4, of=rule(id="undated", level=Level.HIGH), time_us=None),
    )
    assert [alert.rule for alert in alerts_of(database, Wanted())] == ["bad", "undated", "old", "low"]
    assert [alert.rule for alert in alerts_of(database, Wanted(least=Level.HIGH, since_us=NOON_US))] == [
        "bad",
        "undated",
    ]
    assert [alert.rule for alert in alerts_of(database, Wanted(host="db-1", user="Eve"))] == ["bad"]
    assert alerts_of(database, Wanted(states=(State.CLOSED,))) == ()
    assert [alert.rule for alert in alerts_of(database, Wanted(rules=("old", "low"), limit=1))] == ["old"]
    assert count_alerts(database, Wanted()) == {Level.LOW: 1, Level.HIGH: 2, Level.CRITICAL: 1}


@pytest.mark.parametrize("name", ["", "zzz", "%"])
def test_unknown_alerts(database: Database, name: str) -> None:
    keep(database, hit(1), hit(2, host="other"))
    with pytest.raises(UsageError):
        named_alert(database, name)


EVENTS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["a", "b", "c"]), st.integers(0, 3 * HOUR_US)),
    max_size=30,
    unique_by=lambda each: each[0],
)


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.data())
def test_no_order_and_no_repetition_changes_what_alerts_say(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    hits = [hit(number, host=host, time_us=NOON_US + offset) for number, host, offset in events]
    again = data.draw(st.lists(st.sampled_from(hits), max_size=9)) if hits else []
    arrivals = data.draw(st.permutations([*hits, *again]))
    cut = data.draw(st.integers(0, len(arrivals)))
    known = []
    for parts in ([hits], [arrivals[:cut], arrivals[cut:]]):
        opened = open_database(tmp_path_factory.mktemp("db") / "detection.db")
        for part in parts:
            keep(opened, *part)
        known.append({alert.id: named_alert(opened, alert.id) for alert in alerts_of(opened, Wanted())})
        opened.close()
    assert known[0] == known[1]
    expected = Counter((host, (NOON_US + offset) // HOUR_US) for _number, host, offset in events)
    assert sorted(alert.count for alert in known[0].values()) == sorted(expected.values())


def test_transactions_are_joined_and_undone_together(database: Database) -> None:
    def fail_after_keeping() -> None:
        with database.writing() as connection:
            connection.execute("CREATE TABLE mine (x)")
            keep(database, hit(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_keeping()
    assert alerts_of(database, Wanted()) == ()
    assert keep(database, hit(1)).repeated == 0
    with database.writing() as connection:
        keep(database, hit(2))
        with database.reading():
            assert alerts_of(database, Wanted())[0].count == 2
        connection.execute("CREATE TABLE mine (x)")
    assert alerts_of(database, Wanted())[0].count == 2


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    keep(database, hit(1))
    other = open_database(database.path)
    with database.writing():
        keep(database, hit(2))
        assert alerts_of(other, Wanted())[0].count == 1
    assert alerts_of(other, Wanted())[0].count == 2
    other.close()


def test_a_database_of_a_newer_program_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    open_database(newer).close()
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="newer version"):
        open_database(newer)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="can't be used"):
        open_database(broken)


def test_several_writers_lose_and_double_nothing(database: Database) -> None:
    def write(first: int) -> int:
        own = open_database(database.path)
        repeated = 0
        for start in range(first, first + 200, 20):
            hits = [hit(number, host=f"h-{number % 3}") for number in range(start, start + 20)]
            repeated += keep_hits(own, hits, now_ms=NOW_MS).repeated
        own.close()
        return repeated

    with ThreadPoolExecutor(3) as writers:
        repeated = sum(writers.map(write, (0, 100, 200)))
    assert sum(alert.count for alert in alerts_of(database, Wanted())) == 400
    assert repeated == 200
