"""How alerts stand, by key system."""

from typing import Any

from sec_ops.detection.alerts.closing import close_alert
from sec_ops.detection.alerts.store import keep_hits
from sec_ops.detection.alerts.summary import Known, summary_of
from sec_ops.detection.alerts.values import Verdict
from sec_ops.detection.database import Database
from sec_ops.detection.live.standing import LiveStanding
from sec_ops.detection.rule import Level
from sec_ops.model.evidence import DetectionSummary, Entry, validated
from tests.unit.detection.alerts.makers import NOW_MS, hit, rule

HOUR_MS = 3_600_000
SYSTEMS = {"records": ("web-1", "db-1.edu.example"), "portal": ("web-1",), "idle": ("x",)}


def run_entry(t: str, **data: Any) -> Entry:
    parts: dict[str, Any] = {
        "seq": 1,
        "t": t,
        "kind": "detection.run/1",
        "actor": "",
        "role": "",
        "assurance": "",
        "writer": "",
        "case": "",
        "system": "",
        "blob": None,
        "prev": "",
    }
    return Entry(**parts, data=data)


def summary(
    database: Database, *runs: Entry, now_ms: int = NOW_MS, live: LiveStanding | None = None
) -> DetectionSummary:
    known = Known(systems=SYSTEMS, runs=runs, live=live, notify=Level.HIGH, notifiers=1, suppressions=0, now_ms=now_ms)
    return summary_of(database, known)


def test_alerts_count_for_the_systems_of_their_hosts(database: Database) -> None:
    hits = [hit(1), hit(2, host="DB-1"), hit(3, host="stranger"), hit(4, of=rule(id="low", level=Level.LOW))]
    taken = keep_hits(database, hits, now_ms=NOW_MS)
    keep_hits(database, [hit(9, host="db-1", of=rule(id="quiet"))], now_ms=NOW_MS, suppress=lambda _hit: "s")
    close_alert(
        database,
        taken.opened[0],
        person="lin",
        at="2026-11-26T13:00:00.000Z",
        verdict=Verdict.TRUE_POSITIVE,
        reason="x",
        seal=lambda _alert: None,
    )
    made = summary(database, now_ms=NOW_MS + 50 * HOUR_MS)
    records, portal, idle = made.systems
    assert (records.hosts, records.opened, records.closed, records.open, records.true_positive) == (2, 3, 1, 2, 1)
    assert (portal.opened, portal.closed, portal.open) == (2, 1, 1)
    assert (idle.opened, made.others.opened) == (0, 1)
    assert (records.oldest_open_hours, portal.oldest_open_hours) == (50, 0)
    later = summary(database, now_ms=NOW_MS + 40 * 24 * HOUR_MS).systems[0]
    assert (later.opened, later.closed, later.open) == (0, 0, 2)
    validated(DetectionSummary.kind, made.model_dump(mode="json"))


def test_runs_of_the_last_day_over_what_is_stored_or_arrives(database: Database) -> None:
    made = summary(
        database,
        run_entry("2026-11-25T11:00:00.000Z", mode="hunt", events=5, rules_loaded=9),
        run_entry("2026-11-26T01:00:00.000Z", mode="elasticsearch", events=100, rules_loaded=90),
        run_entry("2026-11-26T02:00:00.000Z", mode="hunt", events=10, rules_loaded=80, rules_cannot_fire=30),
        run_entry("2026-11-26T03:00:00.000Z", mode="files", events=1000, rules_loaded=99),
        run_entry("2026-12-26T03:00:00.000Z", mode="hunt", events=1000),
    )
    assert (made.runs, made.events, made.rules, made.day, made.live) == (2, 110, 50, "2026-11-26", "")


def test_live_detection_counts_while_it_was_lately_at_work(database: Database) -> None:
    at_work = LiveStanding(since_ms=0, updated_ms=NOW_MS - 5 * HOUR_MS, rules=80, gaps=3)
    made = summary(database, live=at_work)
    assert (made.live, made.rules, made.gaps) == ("2026-11-26T07:00:00.000Z", 80, 3)
    later = summary(database, live=at_work, now_ms=NOW_MS + 20 * HOUR_MS)
    assert (later.live, later.rules, later.gaps) == ("", 0, 3)
