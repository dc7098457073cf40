"""Alerts that were settled long ago go, sealed first; open ones, held ones and what may be judged again stay."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sec_ops.detection.alerts.closing import close_alert
from sec_ops.detection.alerts.letting_go import DAY_MS, SEEN_DAYS, Rule, doubt_clock, due_alerts, let_go
from sec_ops.detection.alerts.reading import Wanted, alerts_of
from sec_ops.detection.alerts.sealing import seal_alerts
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.alerts.values import Verdict
from sec_ops.detection.database import Database, open_database
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import DetectionAlertsDeleted
from tests.unit.detection.alerts.makers import HOUR_US, NOON_US, NOW_MS, hit

KEPT_DAYS = 400
LATER_MS = NOW_MS + KEPT_DAYS * DAY_MS


def counted(database: Database, *hosts: str, now_ms: int = NOW_MS, suppression: str = "") -> None:
    hits = [hit(number, host=host) for number, host in enumerate(hosts)]
    keep_hits(database, hits, now_ms=now_ms, suppress=lambda _hit: suppression)


def closed(database: Database, host: str, at_ms: int = NOW_MS) -> str:
    (alert,) = (each for each in alerts_of(database, Wanted(host=host)))
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
    verdict = Verdict.BENIGN
    return close_alert(database, alert.id, person="li", at=at, verdict=verdict, reason="x", seal=lambda _each: 0).id


def sealed(database: Database) -> None:
    seal_alerts(database, lambda requests: list(range(len(requests))))


def rows(database: Database, table: str) -> int:
    with database.reading() as connection:
        count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


def rule(now_ms: int = LATER_MS + 1, **more: object) -> Rule:
    return Rule(now_ms=now_ms, days=KEPT_DAYS, **more)  # type: ignore[arg-type]


def test_closed_alerts_go_once_their_days_are_over_and_open_ones_never(database: Database) -> None:
    counted(database, "a", "b")
    sealed(database)
    gone = closed(database, "a")
    told: list[DetectionAlertsDeleted] = []
    assert let_go(database, rule(LATER_MS), told.append).alerts == 0
    assert told == []
    assert due_alerts(database, rule()) == [gone]
    assert let_go(database, rule(), told.append).alerts == 1
    assert [(each.alerts, each.rules, each.retention_days) for each in told] == [(1, {"r-1": 1}, KEPT_DAYS)]
    assert [each.hosts for each in alerts_of(database, Wanted())] == [("b",)]
    assert (rows(database, "related"), rows(database, "entities")) == (1, 1)
    assert let_go(database, rule(LATER_MS + 10_000 * DAY_MS), told.append).alerts == 0


def test_days_count_from_the_closing(database: Database) -> None:
    counted(database, "a")
    sealed(database)
    closed(database, "a", NOW_MS + 10 * DAY_MS)
    assert due_alerts(database, rule()) == []
    assert len(due_alerts(database, rule(LATER_MS + 11 * DAY_MS))) == 1


def test_what_is_not_sealed_stays(database: Database) -> None:
    counted(database, "a")
    closed(database, "a")
    assert due_alerts(database, rule()) == []


@pytest.mark.parametrize(
    ("first_ms", "last_ms", "stays"),
    [
        (NOW_MS - DAY_MS, NOW_MS + DAY_MS, True),
        (NOW_MS, NOW_MS + 1, True),
        (NOW_MS + 1, NOW_MS + DAY_MS, False),
        (NOW_MS - DAY_MS, NOW_MS, False),
    ],
)
def test_a_hold_keeps_the_alerts_of_its_days(database: Database, first_ms: int, last_ms: int, stays: bool) -> None:
    counted(database, "a")
    sealed(database)
    closed(database, "a")
    assert (due_alerts(database, rule(held=[(first_ms, last_ms)])) == []) is stays


def test_suppressed_alerts_go_after_their_suppression(database: Database) -> None:
    counted(database, "a", suppression="scan")
    with database.writing() as connection:
        connection.execute("INSERT INTO suppressions VALUES ('scan', 'x', '{}', 0)")
    assert due_alerts(database, rule()) == []
    with database.writing() as connection:
        connection.execute("UPDATE suppressions SET ended = 1")
    assert len(due_alerts(database, rule())) == 1


def test_an_alert_that_opens_again_while_it_is_sealed_stays(database: Database) -> None:
    counted(database, "a")
    sealed(database)
    closed(database, "a")

    def seal(_deleted: DetectionAlertsDeleted) -> None:
        keep_hits(database, [hit(99, host="a", time_us=NOON_US + HOUR_US // 2)], now_ms=LATER_MS)

    assert let_go(database, rule(), seal).alerts == 0
    assert [each.state for each in alerts_of(database, Wanted())] == ["open"]
    assert rows(database, "related") == 2


def test_nothing_goes_that_could_not_be_sealed(database: Database) -> None:
    counted(database, "a")
    sealed(database)
    closed(database, "a")

    def refuse(_deleted: DetectionAlertsDeleted) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - it has no words
        let_go(database, rule(), refuse)
    assert len(due_alerts(database, rule())) == 1


def test_counted_events_are_forgotten_later_than_alerts_and_not_while_a_hold_keeps_their_logs(
    database: Database,
) -> None:
    counted(database, "a")
    over = LATER_MS + SEEN_DAYS * DAY_MS
    told: list[DetectionAlertsDeleted] = []
    assert let_go(database, rule(over), told.append).rows == 0
    assert let_go(database, rule(over + 1, held=[(NOW_MS, NOW_MS + 1)]), told.append).rows == 0
    assert let_go(database, rule(over + 1), told.append).rows == 1
    assert rows(database, "seen") == 0


def test_rows_of_an_older_release_are_kept_as_if_they_were_new(database: Database) -> None:
    counted(database, "a")
    with database.writing() as connection:
        connection.execute("UPDATE seen SET kept_ms = 0")
    assert let_go(database, rule(), lambda _deleted: None).rows == 0
    assert let_go(database, rule(LATER_MS * 2), lambda _deleted: None).rows == 1


def test_a_clock_far_ahead_of_everything_is_doubted(database: Database) -> None:
    doubt_clock(database, NOW_MS)
    counted(database, "a")
    doubt_clock(database, NOW_MS + 60 * DAY_MS)
    with pytest.raises(UsageError):
        doubt_clock(database, NOW_MS + 60 * DAY_MS + 1)


WRITER = """
import sys
from pathlib import Path
from sec_ops.detection.alerts import letting_go
from sec_ops.detection.database import open_database
from tests.unit.detection.alerts.test_letting_go import rule

letting_go._ALERTS_AT_ONCE = 7
sealed = open(sys.argv[2], "a")

def seal(deleted):
    sealed.write(f"{deleted.alerts}\\n")
    sealed.flush()
    print(deleted.alerts, flush=True)

letting_go.let_go(open_database(Path(sys.argv[1])), rule(), seal)
"""


def test_killed_at_any_moment_nothing_is_gone_that_is_not_sealed_and_no_half_is_left(tmp_path: Path) -> None:
    path, told = tmp_path / "detection.db", tmp_path / "sealed"
    database = open_database(path)
    hosts = [f"h-{number:03}" for number in range(140)]
    counted(database, *hosts)
    sealed(database)
    for host in hosts[:-1]:
        closed(database, host)
    for turn in range(6):
        command = [sys.executable, "-c", WRITER, str(path), str(told)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[4]) as writer:
            assert writer.stdout is not None
            for _ in range(turn % 3 + 1):
                writer.stdout.readline()
            time.sleep(0.001 * turn)
            os.kill(writer.pid, signal.SIGKILL)
        left = rows(database, "alerts")
        assert rows(database, "related") == left
        assert rows(database, "entities") == left
        assert sum(map(int, told.read_text().split())) >= 140 - left
    assert 1 < rows(database, "alerts") < 140
    let_go(database, rule(), lambda _deleted: None)
    assert [each.hosts for each in alerts_of(database, Wanted())] == [(hosts[-1],)]
    database.close()
