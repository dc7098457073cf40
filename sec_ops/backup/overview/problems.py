"""What is not good about a system: each with its exit code and the next command to type."""

from collections.abc import Iterator

from sec_ops.backup.overview.values import CopyStatus, Problem, SystemStatus
from sec_ops.backup.planning.measuring import cycle_seconds
from sec_ops.backup.record.values import Attempt, State
from sec_ops.backup.running.verdicts import command_after
from sec_ops.backup.verdict import Judged, outcome_of
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome

__all__ = ["age_problems", "copy_problems", "judged_problem", "run_problems", "switched_off", "unplanned"]

_DAYS_LEFT = 14
_HOUR_MS = 3_600_000


def unplanned(system: str) -> SystemStatus:
    """Return the status of a key system that nobody saves."""
    problem = Problem(
        kind="no_plan",
        what=message("the key system {system} has no backup plan", system=system),
        outcome=Outcome.FINDINGS,
        advice=message("write backup/plans/{system}.yml", system=system),
        command="sec-ops backup plans",
    )
    return SystemStatus(system=system, state="no_plan", problems=(problem,))


def switched_off(plan: BackupPlan, rpo_ms: int | None) -> SystemStatus:
    """Return the status of a plan that is switched off."""
    problem = Problem(
        kind="switched_off",
        what=message("the plan of {system} is switched off", system=plan.id),
        outcome=Outcome.FINDINGS,
        advice=message("remove enabled: false from backup/plans/{system}.yml", system=plan.id),
        command="sec-ops backup plans",
    )
    return SystemStatus(system=plan.id, state="off", rpo_ms=rpo_ms, problems=(problem,))


def run_problems(plan: BackupPlan, run: Attempt | None, *, due_ms: int, now_ms: int) -> Iterator[Problem]:
    """Tell what is wrong with the last run: its verdict, each of its sources, or that there should have been one."""
    if run is not None and run.ending is not None and not run.ending.judged.good:
        yield judged_problem("run", run.ending.judged, plan.id, plan.repository)
    grace_ms = plan.deadline_minutes * 60_000
    waiting = run is None or run.started_ms < due_ms
    if waiting and now_ms > due_ms + grace_ms:
        yield Problem(
            kind="not_run",
            what=message("{system} was due and nobody ran it", system=plan.id),
            outcome=Outcome.INCOMPLETE,
            advice=message("see whether the schedule runs: sec-ops schedule show"),
            command=f"sec-ops backup run {plan.id}",
        )
    if run is not None and run.state is State.RUNNING and now_ms > run.started_ms + 2 * grace_ms:
        yield Problem(
            kind="hangs",
            what=message(
                "the run of {system} by {holder} should have ended long ago", system=plan.id, holder=run.holder
            ),
            outcome=Outcome.INCOMPLETE,
            advice=message("end that process, then run it again"),
            command=f"sec-ops backup run {plan.id}",
        )


def age_problems(status: SystemStatus, plan: BackupPlan) -> Iterator[Problem]:
    """Tell that there is no restore point, or that the newest is too old for what may be lost."""
    if status.age_ms is None:
        yield Problem(
            kind="never",
            what=message("{system} has no backup that counts", system=plan.id),
            outcome=Outcome.FINDINGS,
            command=f"sec-ops backup run {plan.id}",
        )
        return
    bound = status.rpo_ms if status.rpo_ms is not None else 2 * cycle_seconds(plan.timing) * 1000
    if status.age_ms > bound:
        yield Problem(
            kind="stale",
            what=message(
                "a loss now would cost {age} h of {system}, {bound} h may be lost",
                age=_hours(status.age_ms),
                system=plan.id,
                bound=_hours(bound),
            ),
            outcome=Outcome.FINDINGS,
            command=f"sec-ops backup run {plan.id}",
        )


def copy_problems(plan: BackupPlan, copy: CopyStatus) -> Iterator[Problem]:
    """Tell what is wrong with a system in one repository."""
    for kind, attempt in (("copy", copy.copied), ("verify", copy.verified)):
        if attempt is not None and attempt.ending is not None and not attempt.ending.judged.good:
            yield judged_problem(kind, attempt.ending.judged, plan.id, copy.repository)
    if copy.future_dated:
        yield Problem(
            kind="future_dated",
            what=message(
                "{repository}: {count} snapshots of {system} are dated later than they came",
                repository=copy.repository,
                count=copy.future_dated,
                system=plan.id,
            ),
            outcome=Outcome.FINDINGS,
            advice=message("a wrong clock, or somebody who pretends; they are not restored from by default"),
            command=f"sec-ops backup snapshots {plan.id}",
        )
    if copy.holds:
        yield Problem(
            kind="hold",
            what=message("{repository}: {system} is held back", repository=copy.repository, system=plan.id),
            outcome=Outcome.FINDINGS,
            advice=message("see why, and who may lift it"),
            command="sec-ops backup hold list",
        )
    if copy.seen and copy.good is None and copy.repository != plan.repository:
        yield Problem(
            kind="no_copy",
            what=message("{repository}: no copy of {system} has come yet", repository=copy.repository, system=plan.id),
            outcome=Outcome.FINDINGS,
            command=f"sec-ops backup copy {plan.id} --to {copy.repository}",
        )
    if copy.space.days is not None and copy.space.days < _DAYS_LEFT:
        yield Problem(
            kind="space",
            what=message(
                "{repository}: full in {days} days at this pace", repository=copy.repository, days=copy.space.days
            ),
            outcome=Outcome.FINDINGS,
            advice=message("make the disk larger"),
            command="sec-ops backup status",
        )


def judged_problem(kind: str, judged: Judged, system: str, repository: str) -> Problem:
    """Return a verdict as a problem."""
    return Problem(
        kind=kind,
        what=message("{system}: {what}", system=system, what=judged.what) if system else judged.what,
        outcome=outcome_of(judged.verdict),
        why=judged.why,
        advice=judged.advice,
        command=command_after(judged.verdict, system, repository),
    )


def _hours(milliseconds: int) -> str:
    return f"{milliseconds / _HOUR_MS:.1f}"
