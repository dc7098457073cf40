"""The jobs that plans make, on the controller whose work they are."""

from collections.abc import Collection, Iterator, Mapping

from sec_ops.model.backup_plan import BackupPlan, Repository
from sec_ops.model.job import Job, Timing

__all__ = ["jobs_of_plans"]

_LONGEST_MINUTES = 1440
_GRACE_MINUTES = 10
"""What a run that ends itself at the plan's deadline has to run its hooks, save its manifest and say so."""


def jobs_of_plans(
    plans: Mapping[str, BackupPlan],
    repositories: Mapping[str, Repository],
    place: str | None,
    verbs: Collection[str],
) -> tuple[Job, ...]:
    """Return the jobs of the enabled plans on a controller at `place`; one without a place does all.

    `verbs` are the words that `sec-ops backup` knows: a job of any other would fail each time, so it is not made.
    The plans are checked once a day, whether they can be read or not.

    Each place drops what retention no longer keeps in its own repositories, and says when nothing came to them.
    A backup is the work of the place its first repository lies at, a copy of the place it is pulled to: the second
    site pulls, nobody pushes to it.
    """
    enabled = [plan for plan in plans.values() if plan.enabled]
    jobs = [job for plan in enabled for job in _jobs(plan, repositories, place)]
    kept = [name for plan in enabled for name in plan.repositories if _ours(name, repositories, place)]
    jobs += [_FORGET, _WATCH] if kept else []
    if any(source.heartbeat for plan in enabled for source in plan.sources):
        jobs.append(_HEARTBEAT)
    return tuple(job for job in (_CHECK, _SUMMARY, *jobs) if job.command[1] in verbs)


_CHECK = Job(id="backup-plans", command=("backup", "plans"), timing=Timing(daily="07:30"))
_SUMMARY = Job(id="backup-summary", command=("backup", "status", "--seal"), timing=Timing(daily="00:50"))
"""Sealed each day, as those of logs and alerts are."""

_FORGET = Job(id="backup-forget", command=("backup", "forget"), timing=Timing(daily="04:10"), deadline_minutes=720)
_WATCH = Job(id="backup-watch", command=("backup", "watch"), timing=Timing(every_minutes=15), deadline_minutes=10)
_HEARTBEAT = Job(
    id="backup-heartbeat", command=("backup", "heartbeat"), timing=Timing(every_minutes=1), deadline_minutes=3
)
"""Beats for 55 seconds, once a second."""


def _jobs(plan: BackupPlan, repositories: Mapping[str, Repository], place: str | None) -> Iterator[Job]:
    if _ours(plan.repository, repositories, place):
        yield Job(
            id=f"backup-{plan.id}",
            command=("backup", "run", plan.id),
            timing=plan.timing,
            deadline_minutes=min(plan.deadline_minutes + _GRACE_MINUTES, _LONGEST_MINUTES),
        )
    for copy in plan.copies:
        if _ours(copy.repository, repositories, place):
            known = repositories.get(copy.repository)
            yield Job(
                id=f"backup-copy-{plan.id}-{copy.repository}"[:100],
                command=("backup", "copy", plan.id, "--to", copy.repository),
                timing=copy.timing,
                deadline_minutes=min(known.deadline_minutes if known else _LONGEST_MINUTES, _LONGEST_MINUTES),
            )


def _ours(name: str, repositories: Mapping[str, Repository], place: str | None) -> bool:
    return place is None or name not in repositories or repositories[name].place == place
