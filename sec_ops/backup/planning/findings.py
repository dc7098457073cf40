"""What plans leave open: systems nobody saves, targets the timing can't meet, copies that one fire would take."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sec_ops.backup.planning.measuring import cycle_seconds, great_circle_km, recovery_point_seconds
from sec_ops.backup.source import Continuous
from sec_ops.backup.sources import settings_of, source_of
from sec_ops.model.backup_plan import SELF, BackupPlan, Place, Repository, SourceSettings
from sec_ops.model.messages import Message, message
from sec_ops.model.organisation import KeySystem

__all__ = ["Finding", "Planned", "exposure_seconds", "findings", "off_site_copies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a plan leaves open; `kind` is its name in JSON."""

    kind: str
    system: str
    what: Message
    advice: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """All that findings are drawn from, free of faults. `run_seconds` tells how long runs of a plan took lately."""

    systems: Mapping[str, KeySystem]
    plans: Mapping[str, BackupPlan]
    repositories: Mapping[str, Repository]
    places: Mapping[str, Place]
    off_site_km: float
    run_seconds: Mapping[str, int] = field(default_factory=dict)

    def place_of(self, repository: str) -> Place:
        """Return where a repository lies."""
        return self.places[self.repositories[repository].place]


def findings(planned: Planned) -> tuple[Finding, ...]:
    """Return every finding: key systems without a plan first, this program itself, then plan by plan."""
    found = [_unplanned(each) for each in planned.systems.values() if each.id not in planned.plans]
    found += [] if SELF in planned.plans else [_nobody_saves_us()]
    for plan in planned.plans.values():
        if not plan.enabled:
            found.append(_switched_off(plan))
            continue
        found += (*_points(plan, planned), *_places(plan, planned))
    return tuple(found)


def exposure_seconds(plan: BackupPlan, run_seconds: int = 0) -> int:
    """Return how many seconds of data a loss costs at worst: the most exposed source, its run still going."""
    cycle = cycle_seconds(plan.timing)
    worst = max(_exposure_seconds(each, cycle) for each in plan.sources)
    return worst + run_seconds if worst else 0


def _exposure_seconds(source: SourceSettings, cycle: int) -> int:
    kind = source_of(source.kind)
    return kind.exposure_seconds(settings_of(source), cycle) if isinstance(kind, Continuous) else cycle


def off_site_copies(plan: BackupPlan, planned: Planned) -> Mapping[str, float]:
    """Return the plan's repositories that lie far enough from the system, with the kilometres."""
    home = planned.places[plan.place]
    far = {each: great_circle_km(home, planned.place_of(each)) for each in plan.repositories}
    return {name: km for name, km in far.items() if km >= planned.off_site_km}


def _unplanned(system: KeySystem) -> Finding:
    return Finding(
        kind="no_plan",
        system=system.id,
        what=message("the key system {system} has no backup plan", system=system.id),
        advice=message("write backup/plans/{system}.yml", system=system.id),
    )


def _nobody_saves_us() -> Finding:
    return Finding(
        kind="no_plan",
        system=SELF,
        what=message("nobody saves this site folder, its evidence and keys"),
        advice=message("name a repository under backup.own in sec-ops.yml"),
    )


def _switched_off(plan: BackupPlan) -> Finding:
    return Finding(
        kind="switched_off",
        system=plan.id,
        what=message("the plan of {system} is switched off", system=plan.id),
        advice=message("remove enabled: false from backup/plans/{system}.yml", system=plan.id),
    )


def _points(plan: BackupPlan, planned: Planned) -> Iterator[Finding]:
    target = recovery_point_seconds(plan, planned.systems.get(plan.id))
    exposure = exposure_seconds(plan, planned.run_seconds.get(plan.id, 0))
    if target is None:
        return
    if exposure > target:
        what = message(
            "up to {exposure} s of {system} would be lost, {target} s may be",
            exposure=exposure,
            system=plan.id,
            target=target,
        )
        yield Finding(kind="misses_rpo", system=plan.id, what=what, advice=message("run the plan more often"))
        return
    after = _after_site_loss(plan, planned, exposure)
    if after is not None and after > target:
        what = message(
            "with its site, up to {exposure} s of {system} would be lost, {target} s may be",
            exposure=after,
            system=plan.id,
            target=target,
        )
        advice = message("copy off-site more often")
        yield Finding(kind="misses_rpo_after_site_loss", system=plan.id, what=what, advice=advice)


def _after_site_loss(plan: BackupPlan, planned: Planned, exposure: int) -> int | None:
    """Return the seconds lost with the site, None when no copy lies off-site."""
    far = off_site_copies(plan, planned)
    waits = [0] if plan.repository in far else []
    waits += [cycle_seconds(each.timing) for each in plan.copies if each.repository in far]
    return exposure + min(waits) if exposure and waits else None


def _places(plan: BackupPlan, planned: Planned) -> Iterator[Finding]:
    advice = message("add a copy at a place {km} km or more away", km=f"{planned.off_site_km:g}")
    if not plan.copies:
        what = message("{system} has one backup and no copy of it", system=plan.id)
        yield Finding(kind="no_copy", system=plan.id, what=what, advice=advice)
    if not off_site_copies(plan, planned):
        home = planned.places[plan.place]
        most = max(great_circle_km(home, planned.place_of(each)) for each in plan.repositories)
        what = message(
            "nothing of {system} lies off-site: the farthest is {km} km away", system=plan.id, km=f"{most:.1f}"
        )
        yield Finding(kind="not_off_site", system=plan.id, what=what, advice=advice)
