"""Letting alerts go that were settled long ago, and what was counted of events that are no more.

An open alert never goes. A closed one goes when it was closed so many days ago, a suppressed one when it last grew so
long ago and its suppression has ended, unless a hold on logs keeps the days of its events. A row of counted events goes
when it was last written a while before that: logs of that time are gone by then, so that none of them is judged again.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sec_ops.detection.alerts.documents import alert_document
from sec_ops.detection.alerts.reading import named_alert
from sec_ops.detection.alerts.values import Alert
from sec_ops.detection.database import Database
from sec_ops.detection.moments import moment_text
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import DetectionAlertsDeleted
from sec_ops.model.messages import message

__all__ = ["LetGo", "Rule", "doubt_clock", "due_alerts", "let_go"]

DAY_MS: Final = 86_400_000
SEEN_DAYS: Final = 30
"""So many days longer than alerts: logs that the daily job hasn't let go yet may still be judged."""
SILENCE_DAYS: Final = 60
"""A clock that is further ahead of everything known isn't believed."""
_ALERTS_AT_ONCE: Final = 200
_ROWS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is due: what was settled `days` before `now_ms`; `held` are spans of event time that holds keep.

    Moments are milliseconds since 1970 (UTC); a span is [first, last).
    """

    now_ms: int
    days: int
    held: Sequence[tuple[int, int]] = ()

    @property
    def settled_before_ms(self) -> int:
        """Return the moment before which an alert was settled that is due."""
        return self.now_ms - self.days * DAY_MS

    @property
    def counted_before_ms(self) -> int:
        """Return the moment before which a row of counted events was written that is due."""
        return min([self.settled_before_ms - SEEN_DAYS * DAY_MS, *(first for first, _last in self.held)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGo:
    """What was let go: alerts, and rows of counted events."""

    alerts: int
    rows: int


def doubt_clock(database: Database, now_ms: int) -> None:
    """Raise UsageError when nothing happened for so long that the clock may be wrong: too much would be due."""
    query = """
        SELECT max(at) FROM (SELECT max(changed_ms) AS at FROM alerts UNION ALL SELECT max(kept_ms) FROM seen
            UNION ALL SELECT max(received_ms) FROM live_streams UNION ALL SELECT max(received_ms) FROM store_streams)
    """
    with database.reading() as connection:
        (last_ms,) = connection.execute(query).fetchone()
    if last_ms and now_ms - last_ms > SILENCE_DAYS * DAY_MS:
        what = message("detection saw nothing in {days} days by this machine's clock", days=SILENCE_DAYS)
        advice = message("check the clock; if it is right, run the command again with --clock-is-right")
        raise UsageError(what, advice=advice)


def due_alerts(database: Database, rule: Rule) -> list[str]:
    """Return the ids of the alerts that are due, in their order; raises StorageError."""
    with database.reading() as connection:
        return sorted(_due(connection, rule))


def let_go(database: Database, rule: Rule, seal: Callable[[DetectionAlertsDeleted], object]) -> LetGo:
    """Seal and remove what is due; what `seal` refuses stays. Raises StorageError and what `seal` raises.

    A killed process has removed nothing that isn't sealed; the next seals what is left once more.
    """
    with database.alone("letting-go"):
        due = due_alerts(database, rule)
        gone = sum(
            _remove(database, due[at : at + _ALERTS_AT_ONCE], rule, seal) for at in range(0, len(due), _ALERTS_AT_ONCE)
        )
        return LetGo(alerts=gone, rows=_forget(database, rule))


def _due(connection: sqlite3.Connection, rule: Rule) -> Iterator[str]:
    before = rule.settled_before_ms
    closed = "state = 'closed' AND sealed >= reopened AND changed_ms < ?"
    query = f"SELECT id, closing, first_us, last_us, opened_ms, changed_ms FROM alerts WHERE {closed}"  # noqa: S608 - ours
    for alert, closing, *times in connection.execute(query, (before,)):
        if _closed_ms(closing) < before and not _is_held(times, rule.held):
            yield alert
    running = "SELECT id FROM suppressions WHERE NOT ended"
    quiet = f"state = 'suppressed' AND changed_ms < ? AND suppression NOT IN ({running})"
    query = f"SELECT id, first_us, last_us, opened_ms, changed_ms FROM alerts WHERE {quiet}"  # noqa: S608 - ours
    for alert, *times in connection.execute(query, (before,)):
        if not _is_held(times, rule.held):
            yield alert


def _closed_ms(closings: str) -> int:
    at = datetime.fromisoformat(json.loads(closings)[-1]["at"])
    return int(at.timestamp() * 1000)


def _is_held(times: Sequence[int | None], held: Sequence[tuple[int, int]]) -> bool:
    first_us, last_us, opened_ms, changed_ms = times
    first = opened_ms if first_us is None else first_us // 1000
    last = changed_ms if last_us is None else last_us // 1000
    return any((first or 0) < end and (last or 0) >= begin for begin, end in held)


def _remove(
    database: Database, ids: Sequence[str], rule: Rule, seal: Callable[[DetectionAlertsDeleted], object]
) -> int:
    """Remove alerts once they are sealed, but for those that changed meanwhile; return how many."""
    alerts = [named_alert(database, each) for each in ids]
    if not alerts:
        return 0
    seal(_sealed(alerts, rule))
    gone = 0
    with database.writing() as connection:
        for alert in alerts:
            same = (alert.id, alert.state, alert.changed_ms, alert.count, len(alert.closings))
            query = (
                "DELETE FROM alerts WHERE id = ? AND state = ? AND changed_ms = ? AND count = ? "
                "AND json_array_length(closing) = ?"
            )
            if connection.execute(query, same).rowcount:
                gone += 1
                connection.execute("DELETE FROM related WHERE alert = ?", (alert.id,))
                connection.execute("DELETE FROM entities WHERE alert = ?", (alert.id,))
    return gone


def _sealed(alerts: Sequence[Alert], rule: Rule) -> DetectionAlertsDeleted:
    lines = [f"{each.id} {sha256(canonical_json(alert_document(each))).hexdigest()}\n" for each in alerts]
    return DetectionAlertsDeleted(
        alerts=len(alerts),
        rules=dict(sorted(Counter(each.rule for each in alerts).items())),
        sha256=sha256("".join(lines).encode()).hexdigest(),
        settled_before=moment_text(rule.settled_before_ms * 1000),
        retention_days=rule.days,
    )


def _forget(database: Database, rule: Rule) -> int:
    """Forget counted events of which nothing is left to be judged; return how many rows."""
    which = "SELECT rule, source, chunk FROM seen WHERE kept_ms < ? LIMIT ?"
    gone = 0
    with database.writing() as connection:
        connection.execute("UPDATE seen SET kept_ms = ? WHERE kept_ms = 0", (rule.now_ms,))
    while True:
        with database.writing() as connection:
            query = f"DELETE FROM seen WHERE (rule, source, chunk) IN ({which})"  # noqa: S608 - ours
            some = connection.execute(query, (rule.counted_before_ms, _ROWS_AT_ONCE)).rowcount
        gone += some
        if some < _ROWS_AT_ONCE:
            return gone
