"""People told of alerts: each once, and again when it opens again, as long as there are not too many.

In any hour at most `SINGLY` notices are of one alert each, the worst first. What is beyond that is told together, at
most once in `PAUSE_MS`: how many, of which rules. So a storm is a few notices, and none of its alerts goes untold.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sec_ops.detection.alerts.documents import title_of
from sec_ops.detection.alerts.reading import alert_ids, named_alert
from sec_ops.detection.alerts.values import Alert, State
from sec_ops.detection.database import Database
from sec_ops.detection.moments import moment_text
from sec_ops.detection.rule import RANKS, Level
from sec_ops.model.messages import Message, message
from sec_ops.model.notice import Level as Gravity
from sec_ops.model.notice import Notice

__all__ = ["LEVEL_WORDS", "PAUSE_MS", "SINGLY", "Telling", "gravity_of", "tell_alerts"]

SINGLY = 20
PAUSE_MS = 15 * 60 * 1000
_HOUR_MS = 3_600_000
_RULES = 10
_GRAVITY = {Level.CRITICAL: Gravity.CRITICAL, Level.HIGH: Gravity.WARNING, Level.MEDIUM: Gravity.WARNING}
LEVEL_WORDS = {
    Level.INFORMATIONAL: message("informational"),
    Level.LOW: message("low"),
    Level.MEDIUM: message("medium"),
    Level.HIGH: message("high"),
    Level.CRITICAL: message("critical"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How people are told: from which level, in which language (`zh` or `en`), by what puts a notice (`Outbox.put`)."""

    least: Level
    language: str
    put: Callable[[Notice], None]


def tell_alerts(database: Database, telling: Telling, *, now_ms: int) -> int:
    """Tell of the open alerts that nobody was told of; return how many were told of.

    The notices are put before that is noted: a crash between tells of an alert twice, under the same id. Raises
    StorageError.
    """
    with database.writing() as connection:
        connection.execute("DELETE FROM notices WHERE at_ms < ? OR at_ms > ?", (now_ms - _HOUR_MS, now_ms))
        rank = RANKS[telling.least]
        connection.execute("UPDATE alerts SET told = reopened WHERE told < reopened AND level < ?", (rank,))
        waiting = f"state = 'open' AND told < reopened AND level >= {rank}"
        room = max(SINGLY - _count(connection, "SELECT count(*) FROM notices WHERE alerts = 1"), 0)
        alerts = [named_alert(database, each) for each in alert_ids(connection, waiting, room)]
        for alert in alerts:
            telling.put(_notice(alert, telling.language, now_ms))
        _note(connection, alerts, now_ms)
        rest = _count(connection, f"SELECT count(*) FROM alerts WHERE {waiting}")  # noqa: S608 - a rank of ours
        last = _count(connection, "SELECT coalesce(max(at_ms), 0) FROM notices WHERE alerts != 1")
        if rest and last <= now_ms - PAUSE_MS:
            telling.put(_together(connection, waiting, now_ms, rest))
            connection.execute(f"UPDATE alerts SET told = reopened WHERE {waiting}")  # noqa: S608 - a rank of ours
            connection.execute("INSERT INTO notices VALUES (?, ?)", (now_ms, max(rest, 2)))
            return len(alerts) + rest
    return len(alerts)


def gravity_of(level: Level) -> Gravity:
    """Return how grave a notice of an alert of a level is."""
    return _GRAVITY.get(level, Gravity.INFORMATION)


def _note(connection: sqlite3.Connection, alerts: Sequence[Alert], now_ms: int) -> None:
    connection.executemany("UPDATE alerts SET told = ? WHERE id = ?", [(each.reopened, each.id) for each in alerts])
    connection.executemany("INSERT INTO notices VALUES (?, 1)", [(now_ms,) for _ in alerts])


def _notice(alert: Alert, language: str, now_ms: int) -> Notice:
    return Notice(
        id=f"alert/{alert.id}/{alert.reopened}",
        kind="detection.alert",
        level=gravity_of(alert.level),
        at=moment_text(now_ms * 1000),
        title=message("alert ({level}): {title}", level=LEVEL_WORDS[alert.level], title=title_of(alert, language)),
        lines=tuple(_lines(alert)),
        advice=message("{command}", command=f"sec-ops alerts show {alert.id}"),
        data={"alert": alert.id, "rule": alert.rule, "level": alert.level.value, "events": alert.count},
    )


def _lines(alert: Alert) -> list[Message]:
    about = " ".join(f"{name}={value}" for name, value in alert.key if value)
    lines = [message("about: {about}", about=about)] if about else []
    times = {"first": moment_text(alert.first_us) or "-", "last": moment_text(alert.last_us) or "-"}
    lines.append(message("events: {count}, from {first} to {last}", count=alert.count, **times))
    if alert.reopened:
        lines.append(message("it had been closed and is open again"))
    return lines


def _together(connection: sqlite3.Connection, waiting: str, now_ms: int, rest: int) -> Notice:
    rows = connection.execute(f"SELECT rule, level FROM alerts WHERE {waiting}").fetchall()  # noqa: S608 - a rank of ours
    levels = dict(rows)
    worst = list(Level)[max(levels.values())]
    common = sorted(Counter(rule for rule, _level in rows).items(), key=lambda each: (-levels[each[0]], -each[1]))
    return Notice(
        id=f"alerts/{now_ms}",
        kind="detection.alerts",
        level=gravity_of(worst),
        at=moment_text(now_ms * 1000),
        title=message("{count} more alerts, the worst is {level}", count=rest, level=LEVEL_WORDS[worst]),
        lines=tuple(message("rule {rule}: {count} alerts", rule=rule, count=count) for rule, count in common[:_RULES]),
        advice=message("{command}", command=f"sec-ops alerts list --state {State.OPEN.value}"),
        data={"alerts": rest, "level": worst.value},
    )


def _count(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
