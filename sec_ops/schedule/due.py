"""Running what is due: claim, run, write down, tell of what changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sec_ops.model.job import Job, JobResult, RunJob
from sec_ops.model.messages import Message, message
from sec_ops.model.notice import Level, Notice
from sec_ops.model.protocols import Clock
from sec_ops.runtime.clock import utc_text
from sec_ops.schedule.claims import Claim, Claims
from sec_ops.schedule.timing import last_due, missed_between, next_due

__all__ = ["Due", "JobState", "run_due", "states"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """What `schedule show` says of a job. `overdue` is the due instant that nobody has run yet (UTC)."""

    job: Job
    latest: Claim | None
    running: bool
    overdue: datetime | None
    next_due: datetime
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A job that was run now: for which instant, how many instants before it nobody ran, and what it came to."""

    job: Job
    due: datetime
    missed: int
    result: JobResult


def states(jobs: Iterable[Job], claims: Claims, now: datetime, zone: ZoneInfo) -> tuple[JobState, ...]:
    """Return what is known of each job."""
    return tuple(_state(job, claims.latest(job.id, now), now, zone) for job in jobs)


def run_due(
    jobs: Iterable[Job],
    claims: Claims,
    *,
    clock: Clock,
    zone: ZoneInfo,
    run_job: RunJob,
    tell: Callable[[Notice], None],
) -> tuple[Due, ...]:
    """Run each enabled job that is due and not claimed by another controller; return what was run.

    However many due instants were missed, a job runs once. Its first failure and its recovery are told, unless its
    command has told them.
    """
    done = []
    for job in jobs:
        before = claims.latest(job.id, clock.now())
        state = _state(job, before, clock.now(), zone)
        if state.overdue is None:
            continue
        claim = claims.take(job, state.overdue, clock.now())
        if claim is None:
            continue
        result = run_job(job)
        claims.finish(claim, result)
        ran = Due(job=job, due=state.overdue, missed=state.missed, result=result)
        for notice in _notices(ran, before, clock):
            tell(notice)
        done.append(ran)
    return tuple(done)


def _state(job: Job, latest: Claim | None, now: datetime, zone: ZoneInfo) -> JobState:
    due = last_due(job.timing, now, zone)
    running = latest is not None and latest.running(now)
    answered = latest is not None and latest.due >= due and latest.result is not None
    waiting = job.enabled and not running and not answered
    missed = missed_between(job.timing, latest.due, due, zone) if waiting and latest is not None else 0
    return JobState(
        job=job,
        latest=latest,
        running=running,
        overdue=due if waiting else None,
        next_due=next_due(job.timing, now, zone),
        missed=missed,
    )


def _notices(ran: Due, before: Claim | None, clock: Clock) -> Iterable[Notice]:
    if ran.result.told:
        return
    last = before.result if before else None
    was_good = before is None or (last is not None and last.good)
    # What its command told of may be something else than what it is silent about now.
    was_told = last is not None and not last.good and not last.told
    if ran.result.good and not was_good:
        what = message("the job {job} works again", job=ran.job.id)
        yield _notice("schedule.recovered", Level.INFORMATION, ran, what, clock)
    if not ran.result.good and not was_told:
        what = message("the job {job} failed: {outcome}", job=ran.job.id, outcome=ran.result.words)
        yield _notice("schedule.failed", Level.CRITICAL, ran, what, clock)


def _notice(kind: str, level: Level, ran: Due, title: Message, clock: Clock) -> Notice:
    lines = [message("{said}", said=each) for each in ran.result.said.splitlines()[-10:]]
    return Notice(
        id=f"{kind}/{ran.job.id}/{utc_text(ran.due)}",
        kind=kind,
        level=level,
        at=utc_text(clock.now()),
        title=title,
        lines=tuple(lines),
        advice=message("see: sec-ops schedule show"),
        data={"job": ran.job.id, "outcome": ran.result.outcome.label, "missed": ran.missed},
    )
