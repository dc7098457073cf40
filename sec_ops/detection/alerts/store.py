"""Alerts kept: hits are taken into them, people read and close them.

What happens to a hit: an event that its rule has counted before changes nothing. Another joins the alert of its group,
which is made when there is none. A closing is a word on what had been counted by then: an event that comes later, or
late, opens the alert again. A rule has at most `MOST` open alerts; events of further groups join one alert that stands
for the rest, so a storm makes no more rows than that and its counts stay exact.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sec_ops.detection.alerts.grouping import FieldNames, Group, clean, group_of, same_names, valid_time
from sec_ops.detection.alerts.related import ENDS, Candidates
from sec_ops.detection.alerts.seen import Seen
from sec_ops.detection.alerts.values import State
from sec_ops.detection.database import Database
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import RANKS, Correlation, Rule

__all__ = ["ENTITIES", "MOST", "Suppress", "Taken", "keep_hits"]

MOST = 1000
"""How many alerts of one rule may be open, and how many suppressed, before the rest share one."""
ENTITIES = 16
"""How many hosts, users and addresses an alert names, each."""
Suppress = Callable[[Hit], str]
"""The id of the suppression that covers a hit, empty when none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of hits: ids of alerts that were opened, opened again, or only grew; events counted for each alert.

    `repeated` are events that had been counted before; `suppressed` events by suppression, which are counted too.
    """

    opened: tuple[str, ...]
    reopened: tuple[str, ...]
    grown: tuple[str, ...]
    counted: dict[str, int]
    repeated: int
    suppressed: dict[str, int]


def never(_hit: Hit) -> str:
    """Suppress nothing."""
    return ""


def keep_hits(
    database: Database,
    hits: Iterable[Hit],
    *,
    now_ms: int,
    names: FieldNames = same_names,
    suppress: Suppress = never,
    ends: int = ENDS,
) -> Taken:
    """Take hits into alerts, in one transaction or in the one the caller has entered; raises StorageError.

    `now_ms` is the present in milliseconds since 1970 (UTC). An alert keeps its first `ends` events and its last.
    """
    with database.writing() as connection:
        taking = _Taking(connection, names, now_ms, ends)
        for hit in hits:
            taking.take(hit, suppress(hit))
        return taking.kept()


@dataclass(slots=True)
class _Growth:
    """What one transaction adds to one alert."""

    rule: Rule | Correlation
    candidates: Candidates
    count: int = 0
    first_us: int | None = None
    last_us: int | None = None
    entities: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, hit: Hit, count: int, occurrences: Sequence[Occurrence]) -> None:
        self.rule = hit.rule
        self.count += count
        for occurrence in occurrences:
            time_us = valid_time(occurrence.time_us)
            if time_us is not None:
                self.first_us = time_us if self.first_us is None else min(self.first_us, time_us)
                self.last_us = time_us if self.last_us is None else max(self.last_us, time_us)
            for kind in ("host", "user", "address"):
                value = getattr(occurrence.entity, kind)
                if value and len(self.entities) < 4 * ENTITIES:
                    self.entities[kind, clean(value[:256])] = None
        self.candidates.add(hit.rule, occurrences)


class _Taking:
    """One transaction's hits, gathered by alert before anything is written."""

    def __init__(self, connection: sqlite3.Connection, names: FieldNames, now_ms: int, ends: int) -> None:
        self._connection = connection
        self._ends = ends
        self._names = names
        self._now_ms = now_ms
        self._seen = Seen(connection, now_ms)
        self._growths: dict[Group, _Growth] = {}
        self._places: dict[Group, Group] = {}
        self._room: dict[tuple[str, str], int] = {}
        self._repeated = 0
        self._suppressed: dict[str, int] = {}

    def take(self, hit: Hit, suppression: str) -> None:
        """Count a hit for its alert."""
        count, occurrences = self._seen.fresh(hit)
        self._repeated += hit.count - count
        if count == 0:
            return
        if suppression:
            self._suppressed[suppression] = self._suppressed.get(suppression, 0) + count
        wanted = group_of(hit, self._names, suppression)
        group = self._places.get(wanted)
        if group is None:
            group = self._places[wanted] = self._with_room(wanted)
        growth = self._growths.get(group)
        if growth is None:
            growth = self._growths[group] = _Growth(hit.rule, Candidates(self._ends))
        growth.add(hit, count, occurrences)

    def kept(self) -> Taken:
        """Write everything."""
        self._seen.keep()
        how: dict[str, list[str]] = {"opened": [], "reopened": [], "grown": []}
        for group, growth in self._growths.items():
            how[self._write(group, growth)].append(group.id)
        return Taken(
            opened=tuple(how["opened"]),
            reopened=tuple(how["reopened"]),
            grown=tuple(how["grown"]),
            counted={group.id: growth.count for group, growth in self._growths.items()},
            repeated=self._repeated,
            suppressed=self._suppressed,
        )

    def _with_room(self, group: Group) -> Group:
        """Return the group, or the one for the rest when its rule has too many alerts for one more."""
        if self._exists(group.id):
            return group
        key = (group.rule, State.SUPPRESSED if group.suppression else State.OPEN)
        if key not in self._room:
            query = "SELECT count(*) FROM alerts WHERE state = ?2 AND rule = ?1"
            self._room[key] = MOST - self._connection.execute(query, key).fetchone()[0]
        if self._room[key] <= 0:
            return Group(group.rule, (), None, rest=True, suppression=group.suppression)
        self._room[key] -= 1
        return group

    def _exists(self, alert: str) -> bool:
        return self._connection.execute("SELECT 1 FROM alerts WHERE id = ?", (alert,)).fetchone() is not None

    def _write(self, group: Group, growth: _Growth) -> str:
        """Add to an alert or make it; return what came of it."""
        alert = group.id
        row = self._connection.execute("SELECT state FROM alerts WHERE id = ?", (alert,)).fetchone()
        if row is None:
            self._connection.execute(_INSERT, self._new(group, growth))
        else:
            self._connection.execute(_GROW, self._grown(alert, growth))
        growth.candidates.keep(self._connection, alert, self._names)
        self._keep_entities(alert, growth)
        if row is None:
            return "opened"
        return "reopened" if row[0] == State.CLOSED else "grown"

    def _new(self, group: Group, growth: _Growth) -> dict[str, object]:
        return {
            **self._grown(group.id, growth),
            "rule": group.rule,
            "key": json.dumps(group.key),
            "begin_us": group.begin_us,
            "span_s": growth.rule.header.alert_span_s,
            "rest": group.rest,
            "suppression": group.suppression,
            "state": State.SUPPRESSED if group.suppression else State.OPEN,
        }

    def _grown(self, alert: str, growth: _Growth) -> dict[str, object]:
        header = growth.rule.header
        return {
            "id": alert,
            "digest": header.digest,
            "title": json.dumps(dict(header.title)),
            "level": RANKS[header.level],
            "runbook": clean(header.runbook),
            "count": growth.count,
            "first_us": growth.first_us,
            "last_us": growth.last_us,
            "now_ms": self._now_ms,
        }

    def _keep_entities(self, alert: str, growth: _Growth) -> None:
        for kind in ("host", "user", "address"):
            values = [value for each, value in growth.entities if each == kind]
            if values:
                query = "SELECT value FROM entities WHERE alert = ? AND kind = ?"
                known = {row[0] for row in self._connection.execute(query, (alert, kind))}
                fresh = [value for value in values if value not in known][: max(ENTITIES - len(known), 0)]
                rows = [(alert, kind, value) for value in fresh]
                self._connection.executemany("INSERT INTO entities VALUES (?, ?, ?)", rows)


_INSERT = """
INSERT INTO alerts VALUES (:id, :rule, :digest, :title, :level, :runbook, :key, :begin_us, :span_s, :rest, :suppression,
    :state, :count, :first_us, :last_us, :now_ms, :now_ms, 0, '[]', -1, -1)
"""
_GROW = """
UPDATE alerts SET digest = :digest, title = :title, level = :level, runbook = :runbook, count = count + :count,
    first_us = min(coalesce(first_us, :first_us), coalesce(:first_us, first_us)),
    last_us = max(coalesce(last_us, :last_us), coalesce(:last_us, last_us)), changed_ms = :now_ms,
    reopened = reopened + (state = 'closed'), state = CASE state WHEN 'closed' THEN 'open' ELSE state END
WHERE id = :id
"""
