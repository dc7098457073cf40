"""What became of alerts, by key system: facts of one moment, as they are sealed once a day."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sec_ops.detection.alerts.values import State
from sec_ops.detection.database import Database
from sec_ops.detection.live.standing import LiveStanding
from sec_ops.detection.moments import moment_text
from sec_ops.detection.rule import RANKS, Level
from sec_ops.model.evidence import DetectionSummary, Entry
from sec_ops.model.evidence_detection import DetectionRun, SystemAlerts

__all__ = ["Known", "summary_of"]

_HOUR_MS, _DAY_MS = 3_600_000, 86_400_000
_WINDOW_MS = 30 * _DAY_MS
_STORED = ("hunt", "elasticsearch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the summary is made of beside the alerts: hosts by key system, runs, live detection, who is told."""

    systems: Mapping[str, Sequence[str]]
    runs: Iterable[Entry]
    live: LiveStanding | None
    notify: Level
    notifiers: int
    suppressions: int
    now_ms: int


@dataclass(slots=True)
class _Count:
    hosts: int = 0
    opened: int = 0
    open: int = 0
    oldest_ms: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)


def summary_of(database: Database, known: Known) -> DetectionSummary:
    """Return the summary; an alert counts for every system that one of its hosts belongs to. Raises StorageError."""
    counts = {name: _Count(hosts=len(hosts)) for name, hosts in known.systems.items()} | {"": _Count()}
    owners = _owners(known.systems)
    with database.reading() as connection:
        query = "SELECT id, state, level, opened_ms, closing FROM alerts WHERE state != 'suppressed'"
        for alert, state, level, opened_ms, closings in connection.execute(query).fetchall():
            hosts = connection.execute("SELECT value FROM entities WHERE alert = ? AND kind = 'host'", (alert,))
            named = {owner for (host,) in hosts for owner in owners.get(_name(host), ())}
            for each in named or {""}:
                _add(counts[each], known, State(state), level, opened_ms, json.loads(closings))
    runs = [each for each in known.runs if _recent(each, known.now_ms) and each.data.get("mode") in _STORED]
    live = known.live if known.live and _lately(known.live.updated_ms, known.now_ms) else None
    return DetectionSummary(
        day=datetime.fromtimestamp(known.now_ms / 1000, UTC).date().isoformat(),
        runs=len(runs),
        events=sum(int(each.data.get("events", 0)) for each in runs),
        live=moment_text(live.updated_ms * 1000) if live else "",
        rules=live.rules if live else _able(runs[-1].data) if runs else 0,
        gaps=known.live.gaps if known.live else 0,
        notify=known.notify.value,
        notifiers=known.notifiers,
        suppressions=known.suppressions,
        systems=tuple(_system(name, counts[name]) for name in known.systems),
        others=_system("", counts[""]),
    )


def _able(run: Mapping[str, Any]) -> int:
    """Return how many rules could fire in a run."""
    return max(int(run.get("rules_loaded", 0)) - int(run.get("rules_cannot_fire", 0)), 0)


def _owners(systems: Mapping[str, Sequence[str]]) -> Mapping[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for system, hosts in systems.items():
        for host in hosts:
            owners.setdefault(_name(host), []).append(system)
    return owners


def _name(host: str) -> str:
    """Return what a host is compared by: its name without its domain, in lower case."""
    return host.partition(".")[0].lower()


def _recent(entry: Entry, now_ms: int) -> bool:
    at_ms = int(datetime.fromisoformat(entry.t).timestamp() * 1000)
    return entry.kind == DetectionRun.kind and _lately(at_ms, now_ms)


def _lately(at_ms: int, now_ms: int) -> bool:
    """Return whether a time lies in the last day; clocks may differ by an hour."""
    return -_HOUR_MS <= now_ms - at_ms <= _DAY_MS


def _add(
    count: _Count, known: Known, state: State, level: int, opened_ms: int, closings: Sequence[Mapping[str, Any]]
) -> None:
    since_ms = known.now_ms - _WINDOW_MS
    count.opened += opened_ms >= since_ms
    if state is State.OPEN:
        count.open += 1
        if level >= RANKS[known.notify]:
            count.oldest_ms = max(count.oldest_ms, known.now_ms - opened_ms)
    for closing in closings:
        if datetime.fromisoformat(closing["at"]).timestamp() * 1000 >= since_ms:
            count.verdicts[closing["verdict"]] += 1


def _system(name: str, count: _Count) -> SystemAlerts:
    return SystemAlerts(
        id=name,
        hosts=count.hosts,
        opened=count.opened,
        closed=count.verdicts.total(),
        open=count.open,
        oldest_open_hours=count.oldest_ms // _HOUR_MS,
        true_positive=count.verdicts["true_positive"],
        false_positive=count.verdicts["false_positive"],
        benign=count.verdicts["benign"],
    )
