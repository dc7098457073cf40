"""A drill judged with what the site knows beside it: its plans and copies, what people declared, earlier drills."""

from collections.abc import Mapping, Sequence

from sec_ops.backup.planning.findings import Planned, off_site_copies
from sec_ops.backup.planning.measuring import cycle_seconds
from sec_ops.backup.record.record import Record
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.points import newest_good
from sec_ops.content.kinds import LEVELS, READINESS
from sec_ops.content.library import Library
from sec_ops.drill.judging.judging import Readiness, judged
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.model.recovery_level import SystemFacts

__all__ = ["judged_drill", "system_facts"]

_STREAMED = "postgresql_receivewal"
"""The one kind of source that reaches the other site as it changes."""


def judged_drill(
    record: DrillRecord, library: Library, planned: Planned, backups: Record, earlier: Sequence[DrillRun]
) -> Judgement:
    """Return what a drill says by each edition; `earlier` drills are sealed, oldest first. Raises ContentInvalid."""
    library.load(LEVELS, READINESS)
    return judged(
        record,
        [each.value for each in library.objects(LEVELS).values()],
        Readiness(
            facts=_facts(planned, backups, record.place),
            declared=[each.value for each in library.objects(READINESS).values()],
        ),
        earlier,
    )


def _facts(planned: Planned, backups: Record, place: str) -> Mapping[str, SystemFacts]:
    return {name: system_facts(plan, planned, backups, place) for name, plan in planned.plans.items()}


def system_facts(plan: BackupPlan, planned: Planned, backups: Record, place: str) -> SystemFacts:
    """Return what is known of a system's backups: off-site only by a restore point that counts and is seen there.

    `place` is where this controller stands, empty where nobody said: a log that is received here goes off-site only
    when that is far enough from the system.
    """
    if not plan.enabled:
        return SystemFacts(system=plan.id)
    far = off_site_copies(plan, planned)
    there = [name for name in far if newest_good(points_in(backups, name, plan.id)) is not None]
    return SystemFacts(
        system=plan.id,
        full_every_seconds=cycle_seconds(plan.timing),
        off_site=bool(there),
        network_every_seconds=min((_sent_every_seconds(plan, name) for name in there), default=None),
        real_time=_streamed(plan) and place in {planned.place_of(name).id for name in far},
    )


def _streamed(plan: BackupPlan) -> bool:
    """Return whether a log is received on this machine as it is written."""
    return any(each.kind == _STREAMED and not each.host for each in plan.sources)


def _sent_every_seconds(plan: BackupPlan, repository: str) -> int:
    """Return how often a repository is sent to, or pulls: a copy brings no more than the runs before it made."""
    copies = [cycle_seconds(each.timing) for each in plan.copies if each.repository == repository]
    return max([cycle_seconds(plan.timing), *copies])
