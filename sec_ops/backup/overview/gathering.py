"""Every system's status: from the plans and the record, no repository is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sec_ops.backup.copying.digits import three_two_one
from sec_ops.backup.overview.known import last_good, space_of
from sec_ops.backup.overview.problems import age_problems, copy_problems, run_problems, switched_off, unplanned
from sec_ops.backup.overview.values import CopyStatus, LastGood, Problem, Space, SystemStatus
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.planning.measuring import great_circle_km, recovery_point_seconds
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Hold, State, Verb
from sec_ops.backup.verdict import Verdict
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.schedule.timing import last_due, next_due

__all__ = ["Overview", "statuses"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the overview is drawn from; `place` is where this controller stands, None when it looks after all."""

    planned: Planned
    record: Record
    now: datetime
    zone: ZoneInfo
    place: str | None

    @property
    def now_ms(self) -> int:
        """Return the present in milliseconds."""
        return milliseconds(self.now)

    def ours(self, repository: str) -> bool:
        """Return whether this controller looks after a repository."""
        return self.place in (None, self.planned.repositories[repository].place)


def statuses(overview: Overview) -> tuple[SystemStatus, ...]:
    """Return the status of every key system and every plan, in the order of the plans; unplanned ones last."""
    space: dict[str, Space] = {}
    planned = overview.planned
    known = [_system(plan, overview, space) for plan in planned.plans.values()]
    return (*known, *(unplanned(each) for each in planned.systems if each not in planned.plans))


def _system(plan: BackupPlan, overview: Overview, space: dict[str, Space]) -> SystemStatus:
    rpo = recovery_point_seconds(plan, overview.planned.systems.get(plan.id))
    rpo_ms = None if rpo is None else rpo * 1000
    if not plan.enabled:
        return switched_off(plan, rpo_ms)
    holds = overview.record.holds(plan.id)
    copies = tuple(_copy(name, plan, overview, holds, space) for name in plan.repositories)
    good = max((each.good for each in copies if each.good), key=lambda each: each.data_ms, default=None)
    here = overview.ours(plan.repository)
    status = SystemStatus(
        system=plan.id,
        state="",
        rpo_ms=rpo_ms,
        age_ms=_age(good, overview),
        last_run=overview.record.latest(Verb.RUN, plan.id, plan.repository) if here else None,
        last_good=good,
        copies=copies,
        next_due_ms=milliseconds(next_due(plan.timing, overview.now, overview.zone)) if here else None,
        digits=three_two_one(plan, overview.planned, overview.record, overview.now),
    )
    problems = tuple(_problems(status, plan, overview, here=here))
    return replace(status, problems=problems, state=_state(status, problems, here=here))


def _problems(status: SystemStatus, plan: BackupPlan, overview: Overview, *, here: bool) -> Iterator[Problem]:
    if here:
        due = milliseconds(last_due(plan.timing, overview.now, overview.zone))
        yield from run_problems(plan, status.last_run, due_ms=due, now_ms=overview.now_ms)
    yield from age_problems(status, plan)
    for each in status.copies:
        yield from copy_problems(plan, each)


def _state(status: SystemStatus, problems: Sequence[Problem], *, here: bool) -> str:
    """Return the word for a system: what its last run came to, before what its age says."""
    run = status.last_run
    if run is not None and run.state is State.RUNNING:
        return State.RUNNING.value
    if run is not None and run.verdict is not None and run.verdict is not Verdict.OK:
        return run.verdict.value
    kinds = [each.kind for each in problems]
    word = next((each for each in _WORDS if each in kinds), "")
    return word or (Verdict.OK.value if here or status.last_good else "elsewhere")


_WORDS = ("never", "stale", "not_run", "hold")


def _copy(
    name: str, plan: BackupPlan, overview: Overview, holds: Sequence[Hold], space: dict[str, Space]
) -> CopyStatus:
    planned, record = overview.planned, overview.record
    home, place = planned.places[plan.place], planned.place_of(name)
    held = [each for each in holds if each.repository == name]
    good = last_good(record, plan.id, name, [each.run for each in holds if each.run])
    if name not in space:
        space[name] = space_of(record, name)
    return CopyStatus(
        repository=name,
        place=place.id,
        km=great_circle_km(home, place),
        seen=overview.ours(name),
        good=good,
        age_ms=_age(good, overview),
        space=space[name],
        copied=record.latest(Verb.COPY, plan.id, name),
        verified=record.latest(Verb.VERIFY, plan.id, name) or record.latest(Verb.VERIFY, "", name),
        future_dated=len(record.future_dated(plan.id, name)),
        holds=len(held),
    )


def _age(good: LastGood | None, overview: Overview) -> int | None:
    return None if good is None else max(overview.now_ms - good.data_ms, 0)
