"""How backups stand, by key system, as it is sealed once a day: from the record, the plans and sealed entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sec_ops.backup.overview.values import CopyStatus, SystemStatus
from sec_ops.backup.planning.findings import Planned, exposure_seconds
from sec_ops.backup.planning.measuring import cycle_seconds, recovery_point_seconds
from sec_ops.backup.sources import is_verified
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_backup_summary import BackupSummary, SystemBackups

__all__ = ["Standing", "summary_of"]

_MINUTE_MS, _DAY_MS = 60_000, 86_400_000
_RUNS_DAYS, _RESTORES_DAYS = 30, 366
_GOOD = "ok"
_PARTS = frozenset({"file", "table", "table_top"})
"""Kinds of drills that bring back a part of a system, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the summary is made of: the status of every system, its hosts, and the sealed entries, oldest first."""

    planned: Planned
    statuses: Sequence[SystemStatus]
    hosts: Mapping[str, Sequence[str]]
    entries: Iterable[Entry]
    now_ms: int


@dataclass(slots=True)
class _Sealed:
    """What entries say: runs and restores by system, verifications and probes by repository."""

    runs: dict[str, list[str]] = field(default_factory=dict)
    restored: dict[str, dict[str, int]] = field(default_factory=dict)
    failed: dict[str, bool] = field(default_factory=dict)
    proved: dict[str, int] = field(default_factory=dict)
    verified: dict[str, str] = field(default_factory=dict)
    immutable: dict[str, bool] = field(default_factory=dict)


def summary_of(standing: Standing) -> BackupSummary:
    """Return the summary of every key system; what has no plan is in it too."""
    sealed = _Sealed()
    for entry in standing.entries:
        age_ms = standing.now_ms - _milliseconds(entry.t)
        if entry.kind in _READERS:
            _READERS[entry.kind](sealed, entry.data, age_ms)
    known = {each.system: each for each in standing.statuses}
    systems = [_system(name, known.get(name), standing, sealed) for name in standing.planned.systems]
    return BackupSummary(
        day=datetime.fromtimestamp(standing.now_ms / 1000, UTC).date().isoformat(),
        off_site_km=round(standing.planned.off_site_km),
        systems=tuple(systems),
    )


def _run(sealed: _Sealed, data: Mapping[str, Any], age_ms: int) -> None:
    if age_ms <= _RUNS_DAYS * _DAY_MS:
        sealed.runs.setdefault(data["system"], []).append(data["verdict"])


def _verify(sealed: _Sealed, data: Mapping[str, Any], age_ms: int) -> None:
    sealed.verified[data["repository"]] = data["verdict"]
    for point in data["points"]:
        if point["verdict"] == _GOOD and point["trusted"]:
            sealed.proved[point["system"]] = age_ms


def _restore(sealed: _Sealed, data: Mapping[str, Any], age_ms: int) -> None:
    system = data["system"]
    sealed.failed[system] = data["verdict"] != _GOOD
    if data["verdict"] != _GOOD or data["paths"] or age_ms > _RESTORES_DAYS * _DAY_MS:
        return
    whole = [each["source"] for each in data["sources"] if each["verdict"] == _GOOD]
    sealed.restored.setdefault(system, {}).update(dict.fromkeys(whole, age_ms))


def _drill(sealed: _Sealed, data: Mapping[str, Any], age_ms: int) -> None:
    """Count what a drill restored; one that did not get to a system's data says nothing of it."""
    for system in data["systems"]:
        if data["rehearsed"] in _PARTS or not system["sources"]:
            continue
        sealed.failed[system["id"]] = not system["whole"]
        if age_ms <= _RESTORES_DAYS * _DAY_MS:
            sealed.restored.setdefault(system["id"], {}).update(dict.fromkeys(system["restored"], age_ms))


def _probe(sealed: _Sealed, data: Mapping[str, Any], _age_ms: int) -> None:
    sealed.immutable[data["repository"]] = data["immutable"]


_READERS = {
    "backup.run/1": _run,
    "backup.verify/1": _verify,
    "backup.restore/1": _restore,
    "backup.probe/1": _probe,
    "drill.run/1": _drill,
}


def _system(name: str, status: SystemStatus | None, standing: Standing, sealed: _Sealed) -> SystemBackups:
    plan = standing.planned.plans.get(name)
    hosts = standing.hosts.get(name, ())
    if plan is None or not plan.enabled or status is None:
        return SystemBackups(id=name, hosts=len(hosts))
    names = {each.id for each in plan.sources}
    restored = {source: age for source, age in sealed.restored.get(name, {}).items() if source in names}
    runs = sealed.runs.get(name, [])
    return SystemBackups(
        id=name,
        planned=True,
        sources=len(plan.sources),
        unverified=sum(not is_verified(each) for each in plan.sources),
        hosts=len(hosts),
        covered=len({each.host for each in plan.sources} & set(hosts)),
        rpo_minutes=(recovery_point_seconds(plan, standing.planned.systems.get(name)) or 0) // 60,
        cycle_minutes=exposure_seconds(plan) // 60,
        runs=len(runs),
        good_runs=runs.count(_GOOD),
        verified_days=_days(sealed.proved.get(name)),
        damaged=sum(sealed.verified.get(each, _GOOD) != _GOOD for each in plan.repositories),
        restored_days=_days(max(restored.values(), default=None)) if len(restored) == len(names) else -1,
        restored=len(restored),
        restore_failed=sealed.failed.get(name, False),
        immutable=sum(sealed.immutable.get(each, False) for each in plan.repositories),
        **_placed(status, plan, standing.planned),
    )


def _placed(status: SystemStatus, plan: BackupPlan, planned: Planned) -> dict[str, Any]:
    """Return what the record says of the system's restore points, here and far away."""
    far = [each for each in status.copies if each.km >= planned.off_site_km]
    held = [each for each in status.copies if each.good]
    return {
        "age_minutes": _minutes(status.age_ms),
        "partial": bool(status.last_good and status.last_good.partial),
        "copies": len(held),
        "holds": sum(each.holds for each in status.copies),
        "off_site": len(far),
        "off_site_seen": sum(each.seen for each in far),
        "off_site_cycle_minutes": _off_site_cycle(plan, far),
        "off_site_age_minutes": _minutes(min((each.age_ms for each in far if each.age_ms is not None), default=None)),
        "km": round(max((each.km for each in held), default=0)),
    }


def _off_site_cycle(plan: BackupPlan, far: Sequence[CopyStatus]) -> int:
    """Return the minutes between two moments that are safe far away, by the timing of runs and copies."""
    names = {each.repository for each in far}
    waits = [0] if plan.repository in names else []
    waits += [cycle_seconds(each.timing) for each in plan.copies if each.repository in names]
    return (exposure_seconds(plan) + min(waits)) // 60 if waits else 0


def _minutes(age_ms: int | None) -> int:
    return -1 if age_ms is None else age_ms // _MINUTE_MS


def _days(age_ms: int | None) -> int:
    return -1 if age_ms is None else max(age_ms, 0) // _DAY_MS


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
