"""The dead-man alarm: the site that receives says that nothing came, whoever should have sent it."""

from dataclasses import dataclass
from datetime import datetime

from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.planning.measuring import cycle_seconds, recovery_point_seconds
from sec_ops.backup.record.record import Record
from sec_ops.backup.retaining.known import newest_counting
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.model.backup_plan import BackupPlan

__all__ = ["Watched", "limit_seconds", "watched", "watched_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A system's newest point that counts in a repository. Seconds by this controller's clock; None when none came.

    `holds` are the runs that are held, which may be why nothing came.
    """

    system: str
    repository: str
    newest: RestorePoint | None
    age_seconds: int | None
    limit_seconds: int
    holds: tuple[int, ...] = ()

    @property
    def overdue(self) -> bool:
        """Return whether a new one should be there by now."""
        return self.age_seconds is None or self.age_seconds > self.limit_seconds


def limit_seconds(plan: BackupPlan, repository: str, target_seconds: int | None) -> int:
    """Return how old the newest point in a repository may be: each wait on its way there, and the recovery point.

    Without a target a whole cycle more, so that one run may be late.
    """
    copy = next((each for each in plan.copies if each.repository == repository), None)
    cycle = cycle_seconds(plan.timing)
    waits = cycle + (cycle_seconds(copy.timing) if copy else 0)
    return waits + (cycle if target_seconds is None else target_seconds)


def watched_of(plan: BackupPlan, repository: str, planned: Planned, record: Record, now: datetime) -> Watched:
    """Return how long ago a system's newest point that counts arrived in a repository, by the record alone."""
    newest = newest_counting(record, repository, plan.id)
    target = recovery_point_seconds(plan, planned.systems.get(plan.id))
    return Watched(
        system=plan.id,
        repository=repository,
        newest=newest,
        age_seconds=max(int((now - newest.arrived).total_seconds()), 0) if newest else None,
        limit_seconds=limit_seconds(plan, repository, target),
        holds=tuple(each.id for each in record.holds(plan.id)),
    )


def watched(planned: Planned, place: str | None, record: Record, now: datetime) -> tuple[Watched, ...]:
    """Return it for each repository of an enabled plan at a place; of all places when none is told."""
    return tuple(
        watched_of(plan, name, planned, record, now)
        for plan in planned.plans.values()
        if plan.enabled
        for name in plan.repositories
        if place in (None, planned.repositories[name].place)
    )
