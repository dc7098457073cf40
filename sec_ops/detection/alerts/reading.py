"""Alerts read back: one by its id, or those that a person asks for, worst first."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sec_ops.detection.alerts.related import read_related
from sec_ops.detection.alerts.values import Alert, Closing, State, Verdict
from sec_ops.detection.database import Database
from sec_ops.detection.rule import RANKS, Level
from sec_ops.model.errors import UsageError
from sec_ops.model.folding import fold
from sec_ops.model.messages import message

__all__ = ["Wanted", "alert_ids", "alerts_of", "count_alerts", "named_alert", "rules_named"]

_LEVELS = list(Level)
_SHORTEST = 6
_ANY_ENTITY = "SELECT alert FROM entities WHERE lower(value) = lower(:{name}) AND kind = '{name}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which alerts: at least a level, in one of the states, of rules (ids), about an entity, active since a time.

    Empty and None mean any. `since_us` are microseconds since 1970 (UTC); an alert without event times counts by when
    it last changed.
    """

    least: Level = Level.INFORMATIONAL
    states: tuple[State, ...] = ()
    rules: tuple[str, ...] = ()
    host: str = ""
    user: str = ""
    address: str = ""
    since_us: int | None = None
    limit: int | None = None


def alerts_of(database: Database, wanted: Wanted) -> tuple[Alert, ...]:
    """Return alerts, worst first: by level, then the latest; without their events. Raises StorageError."""
    where, values = _conditions(wanted)
    limit = -1 if wanted.limit is None else wanted.limit
    order = "ORDER BY level DESC, coalesce(last_us, changed_ms * 1000) DESC, id LIMIT :limit"
    with database.reading() as connection:
        rows = connection.execute(f"SELECT * FROM alerts WHERE {where} {order}", {**values, "limit": limit})  # noqa: S608 - conditions of ours; values are parameters
        return tuple(_alert(connection, _names_of(rows), row) for row in rows.fetchall())


def count_alerts(database: Database, wanted: Wanted) -> dict[Level, int]:
    """Return how many alerts of each level there are, whatever the limit; raises StorageError."""
    where, values = _conditions(wanted)
    with database.reading() as connection:
        rows = connection.execute(f"SELECT level, count(*) FROM alerts WHERE {where} GROUP BY level", values)  # noqa: S608 - conditions of ours; values are parameters
        return {_LEVELS[level]: count for level, count in rows}


def named_alert(database: Database, name: str) -> Alert:
    """Return the alert whose id begins so, with its events; raises UsageError when none or several do."""
    with database.reading() as connection:
        query = "SELECT * FROM alerts WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 2"
        rows = connection.execute(query, (name.lower(),))
        names, found = _names_of(rows), rows.fetchall() if name else []
        if len(found) != 1:
            raise _no_one(name, [row[0] for row in found])
        alert = _alert(connection, names, found[0])
        return replace(alert, related=read_related(connection, alert.id))


def rules_named(database: Database, given: str) -> tuple[str, ...]:
    """Return the ids of the rules with alerts that are meant by an id, its beginning or a title in any language.

    What means none is returned as it is. Raises StorageError.
    """
    wanted = fold(given.strip())
    with database.reading() as connection:
        rows = connection.execute("SELECT DISTINCT rule, title FROM alerts").fetchall()
    titled = {rule for rule, title in rows if wanted in map(fold, json.loads(title).values())}
    begun = {rule for rule, _title in rows if len(wanted) >= _SHORTEST and fold(rule).startswith(wanted)}
    return tuple(sorted(titled or begun)) or (given,)


def alert_ids(connection: sqlite3.Connection, where: str, limit: int) -> list[str]:
    """Return ids of alerts for which a condition of ours holds, worst first, then the oldest."""
    query = f"SELECT id FROM alerts WHERE {where} ORDER BY level DESC, opened_ms, id LIMIT ?"  # noqa: S608 - see above
    return [row[0] for row in connection.execute(query, (limit,))]


def _names_of(rows: sqlite3.Cursor) -> tuple[str, ...]:
    """Return the names of the columns of a query."""
    return tuple(each[0] for each in rows.description)


def _no_one(name: str, found: Iterable[str]) -> UsageError:
    several = ", ".join(found)
    if several:
        what = message("several alerts have an id that begins with {name}", name=name)
        return UsageError(what, advice=message("give more of it; such as: {names}", names=several))
    what = message("no alert has the id {name}", name=name)
    return UsageError(what, advice=message("see: {command}", command="sec-ops alerts list --state all"))


def _conditions(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    where, values = ["level >= :least"], {"least": RANKS[wanted.least]}
    parts: dict[str, Any] = {}
    for column, several in (("state", wanted.states), ("rule", wanted.rules)):
        if several:
            parts |= {f"{column}{index}": str(value) for index, value in enumerate(several)}
            marks = ", ".join(f":{column}{index}" for index in range(len(several)))
            where.append(f"{column} IN ({marks})")
    for kind in ("host", "user", "address"):
        if getattr(wanted, kind):
            parts[kind] = getattr(wanted, kind)
            where.append(f"id IN ({_ANY_ENTITY.format(name=kind)})")
    if wanted.since_us is not None:
        parts["since"] = wanted.since_us
        where.append("coalesce(last_us, changed_ms * 1000) >= :since")
    return " AND ".join(where), {**values, **parts}


def _alert(connection: sqlite3.Connection, names: Iterable[str], row: tuple[Any, ...]) -> Alert:
    parts = dict(zip(names, row, strict=True))
    entities: dict[str, list[str]] = {"host": [], "user": [], "address": []}
    query = "SELECT kind, value FROM entities WHERE alert = ? ORDER BY kind, value"
    for kind, value in connection.execute(query, (parts["id"],)):
        entities[kind].append(value)
    same = ("id", "rule", "digest", "runbook", "begin_us", "span_s", "suppression", "count", "first_us", "last_us")
    return Alert(
        **{name: parts[name] for name in same},
        title=json.loads(parts["title"]),
        level=_LEVELS[parts["level"]],
        key=tuple((name, value) for name, value in json.loads(parts["key"])),
        rest=bool(parts["rest"]),
        state=State(parts["state"]),
        opened_ms=parts["opened_ms"],
        changed_ms=parts["changed_ms"],
        reopened=parts["reopened"],
        closings=tuple(_closing(each) for each in json.loads(parts["closing"])),
        hosts=tuple(entities["host"]),
        users=tuple(entities["user"]),
        addresses=tuple(entities["address"]),
    )


def _closing(document: dict[str, Any]) -> Closing:
    return Closing(**{**document, "verdict": Verdict(document["verdict"])})
