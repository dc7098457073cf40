"""Which sources, services and checks of a recovery a scenario needs: all, unless one file or one table is enough."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sec_ops.content.yaml_reader import Path
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.services import service_of
from sec_ops.drill.settings import Mark, marked
from sec_ops.model.backup_plan import BackupPlan, SourceSettings
from sec_ops.model.drill_scenario import DrillKind, Recovery, RecoveryCheck, RecoveryService, ScenarioSystem

__all__ = ["Chosen", "chosen", "holds", "read_by", "unloaded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What of a recovery takes part; `sources` are ids in the plan's order."""

    sources: tuple[str, ...]
    services: tuple[RecoveryService, ...]
    checks: tuple[RecoveryCheck, ...]


def chosen(asked: ScenarioSystem, kind: DrillKind, plan: BackupPlan, recovery: Recovery) -> Chosen:
    """Return what a scenario needs of a recovery.

    For a deleted file, the sources that hold it and the checks that are named, with their services. For a dropped
    table, the services that hold data, with their checks. Else everything.
    """
    if kind is DrillKind.FILE:
        checks = tuple(each for each in recovery.checks if each.id in asked.checks)
        services = _with_needs([each.service for each in checks if each.service], recovery)
        return Chosen(sources=_sources(plan, recovery, services, asked.paths), services=services, checks=checks)
    checks = tuple(each for each in recovery.checks if not asked.checks or each.id in asked.checks)
    if kind is DrillKind.TABLE:
        loading = [each.id for each in recovery.services if each.loads or "base" in each.settings]
        services = _with_needs(loading, recovery)
        asking = {each.id for each in services}
        held = tuple(each for each in checks if each.id in asked.checks or each.service in asking)
        return Chosen(sources=_sources(plan, recovery, services, ()), services=services, checks=held)
    wanted = tuple(each.id for each in plan.sources if not recovery.sources or each.id in recovery.sources)
    return Chosen(sources=wanted, services=recovery.services, checks=checks)


def read_by(service: RecoveryService) -> Mapping[Path, str]:
    """Return the sources whose restored data a service reads, by where its entry names them."""
    found: dict[Path, str] = {("loads", source): source for source in service.loads}
    model = service_of(service.kind).settings
    for path, name in marked(model, service.settings, Mark.SOURCE).items():
        found["settings", *path] = name
    return found


def unloaded(planned: PlannedSystem) -> tuple[SourceSettings, ...]:
    """Return the databases among the sources that are fetched and that no service reads: their rows are not counted."""
    read = {name for service in planned.services for name in read_by(service).values()}
    fetched = [each for each in planned.plan.sources if each.id in planned.sources and each.id not in read]
    return tuple(each for each in fetched if each.kind not in _FILES)


_FILES = ("files", "windows_files", "site")


def holds(source: SourceSettings, path: str) -> bool:
    """Return whether a source saves a path, or something below it, as its settings name folders."""
    folders = source.settings.get("paths")
    if not isinstance(folders, list | tuple):
        return False
    wanted = PurePosixPath(path)
    return any(wanted.is_relative_to(str(each)) or PurePosixPath(str(each)).is_relative_to(wanted) for each in folders)


def _with_needs(wanted: Sequence[str], recovery: Recovery) -> tuple[RecoveryService, ...]:
    """Return services with those they need, in the recovery's order, in which a need stands above."""
    found = set(wanted)
    for each in reversed(recovery.services):
        if each.id in found:
            found |= set(each.needs)
    return tuple(each for each in recovery.services if each.id in found)


def _sources(
    plan: BackupPlan, recovery: Recovery, services: Iterable[RecoveryService], paths: Sequence[str]
) -> tuple[str, ...]:
    read = {name for service in services for name in read_by(service).values()}
    read |= {each.id for each in plan.sources for path in paths if holds(each, path)}
    return tuple(
        each.id for each in plan.sources if each.id in read and (each.id in recovery.sources or not recovery.sources)
    )
