"""The jobs of a site: the standard ones, with what the site changes or adds."""

from collections.abc import Iterable

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.job import Job, JobChange, Timing
from sec_ops.model.messages import message

__all__ = ["STANDARD", "jobs_of"]

STANDARD = (
    Job(id="logs-pull", command=("logs", "pull"), timing=Timing(every_minutes=5)),
    Job(id="logs-summary", command=("logs", "status", "--seal"), timing=Timing(daily="00:30")),
    Job(id="alerts-summary", command=("alerts", "list", "--seal"), timing=Timing(daily="00:40")),
    Job(id="logs-retain", command=("logs", "retain"), timing=Timing(daily="02:30"), deadline_minutes=240),
    Job(id="alerts-retain", command=("alerts", "retain"), timing=Timing(daily="03:10")),
    Job(
        id="logs-verify",
        command=("logs", "status", "--verify"),
        timing=Timing(weekly="sat 04:30"),
        deadline_minutes=1440,
    ),
    Job(id="evidence-checkpoint", command=("evidence", "checkpoint"), timing=Timing(every_minutes=5)),
)
"""What every site runs unless it says otherwise."""


def jobs_of(changes: Iterable[JobChange], *, file: str, more: Iterable[Job] = ()) -> tuple[Job, ...]:
    """Return the standard jobs and `more` as a site changes them, then its own; raises ContentInvalid."""
    jobs = {job.id: job for job in (*STANDARD, *more)}
    faults = []
    for change in changes:
        known = jobs.get(change.id)
        given = {name: getattr(change, name) for name in change.model_fields_set if getattr(change, name) is not None}
        if known is not None:
            jobs[change.id] = known.model_copy(update=given)
        elif change.command is None or change.timing is None:
            what = message("there is no standard job of this name, and a job of your own needs command and timing")
            known_jobs = ", ".join(jobs)
            advice = message("standard jobs: {jobs}", jobs=known_jobs)
            faults.append(Fault(file=file, line=0, path=f"schedule.jobs: {change.id}", message=what, advice=advice))
        else:
            jobs[change.id] = Job(**given)
    if faults:
        raise ContentInvalid(faults)
    return tuple(jobs.values())
