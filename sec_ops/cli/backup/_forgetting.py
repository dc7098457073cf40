"""`backup forget`, put together: which repositories are this controller's, each system's points, then prune."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sec_ops.backup.record.values import Doing, Ending, Verb
from sec_ops.backup.retaining.forgetting import Forget, Forgotten, decide, drop
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.retaining.sealing import sealed_forget
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._keeping import Keeper, keeping, named_plans, tried
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._running import require_approval
from sec_ops.cli.backup._tidying import tidied
from sec_ops.cli.output import emit
from sec_ops.model.backup_plan import BackupPlan, Retention
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["Wanted", "forget_plans"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks for."""

    systems: Sequence[str]
    repository: str
    dry_run: bool
    prune: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A system's points in a repository, and what forgetting came to."""

    system: str
    repository: str
    forgotten: Forgotten
    outcome: Outcome

    @property
    def outcomes(self) -> set[Outcome]:
        """Return all that hold."""
        found = {self.outcome} | ({Outcome.FINDINGS} if self.forgotten.holds else set())
        return found - {Outcome.CLEAN}


def forget_plans(room: Room, wanted: Wanted) -> Iterable[Outcome]:
    """Forget, prune, show."""
    assert room.site is not None  # noqa: S101 - the example is never changed
    require_approval(room, room.site)
    chosen = list(_chosen(room, wanted))
    with keeping(room) as keeper:
        done = [_forgotten(keeper, plan, name, rule, wanted) for plan, name, rule in chosen]
        pruned = _pruned(keeper, done) if wanted.prune and not wanted.dry_run else {}
        if not wanted.dry_run:
            tidied(room, keeper.record)
    outcomes = {each for one in done for each in one.outcomes} | {each.outcome for each in pruned.values()}
    outcomes = outcomes - {Outcome.CLEAN} or {Outcome.CLEAN}
    emit(
        "sec-ops/backup-forget",
        {
            "systems": [_document(each) for each in done],
            "pruned": [{"repository": name, **judged_document(judged)} for name, judged in pruned.items()],
        },
        outcomes=outcomes,
        text=lambda: (
            "\n".join([*(line for each in done for line in _lines(each, wanted)), *_prune_lines(pruned)])
            or _("there is nothing to do here")
        ),
    )
    return outcomes


def _chosen(room: Room, wanted: Wanted) -> Iterator[tuple[BackupPlan, str, Retention]]:
    """Return systems, repositories and rules; raises UsageError for a repository elsewhere, or of no plan."""
    here, found, planned, named = room.settings.place, False, room.planned, wanted.repository
    if named in planned.repositories and here not in (None, planned.repositories[named].place):
        place = planned.repositories[named].place
        raise UsageError(
            message(
                "{repository} lies at {place}: only the controller there may forget", repository=named, place=place
            ),
            advice=message("this controller stands at {place}: backup.place in sec-ops.yml", place=here),
        )
    for plan in named_plans(room, wanted.systems):
        rules = {plan.repository: plan.retention, **{each.repository: each.retention for each in plan.copies}}
        for name, rule in rules.items():
            if wanted.repository in ("", name) and here in (None, planned.repositories[name].place):
                found = True
                yield plan, name, rule
    if wanted.repository and not found:
        what = message("no plan of these systems lies in {repository}", repository=wanted.repository)
        raise UsageError(what, advice=message("see: sec-ops backup plans"))


def _forgotten(keeper: Keeper, plan: BackupPlan, repository: str, rule: Retention, wanted: Wanted) -> _Done:
    """Forget one system's points as a recorded attempt, and seal it; a trial is neither recorded nor sealed."""

    def ask() -> Forget:
        return Forget(
            system=plan.id,
            restic=keeper.restic(repository),
            record=keeper.record,
            gate=keeper.gate(repository),
            rule=rule,
            zone=keeper.room.zone,
        )

    def work() -> Forgotten:
        if wanted.dry_run:
            return decide(ask())
        with keeper.record.attempting(Doing(verb=Verb.FORGET, system=plan.id, repository=repository)) as attempting:
            asked = ask()
            done = drop(asked, decide(asked))
            entry = keeper.log.append("backup.forget/1", sealed_forget(asked, done), system=plan.id)
            gone = sum(each.gone for each in done.dropped)
            attempting.end(Ending(judged=_ending(done), snapshots=gone, evidence=entry))
        return done

    done, failed = tried(work, lambda judged: Forgotten(judged=judged))
    keeper.tell_holds(done.new_holds)
    if not wanted.dry_run:
        keeper.tell_latest(Verb.FORGET, plan.id, repository)
    return _Done(system=plan.id, repository=repository, forgotten=done, outcome=failed or done.judged.outcome)


def _ending(done: Forgotten) -> Judged:
    """Return the verdict for the record: held is not done."""
    if not done.holds or not done.judged.good:
        return done.judged
    return Judged(
        verdict=Verdict.REFUSED,
        what=message("nothing was dropped: {count} of its runs are held", count=len(done.holds)),
        advice=message("look at the holds: sec-ops backup hold list"),
    )


def _pruned(keeper: Keeper, done: Sequence[_Done]) -> dict[str, Judged]:
    """Prune each repository in which all went well and nothing is held; one that was cut short goes on this time."""
    names = dict.fromkeys(each.repository for each in done)
    bad = {each.repository for each in done if each.outcomes}
    return {name: _prune(keeper, name) for name in names if name not in bad and not _is_held(keeper, name)}


def _is_held(keeper: Keeper, repository: str) -> bool:
    plans = keeper.room.planned.plans.values()
    return any(keeper.record.holds(each.id) for each in plans if repository in each.repositories)


def _prune(keeper: Keeper, repository: str) -> Judged:
    def work() -> Judged:
        with keeper.record.attempting(Doing(verb=Verb.FORGET, system="", repository=repository)) as attempting:
            judged = keeper.restic(repository).prune().judged
            attempting.end(Ending(judged=judged))
        return judged

    judged, _outcome = tried(work, lambda judged: judged)
    return judged


def _document(each: _Done) -> dict[str, Any]:
    done, decided = each.forgotten, each.forgotten.decided
    return {
        "system": each.system,
        "repository": each.repository,
        **judged_document(_ending(done)),
        "kept": [{**_point(one.point), "reasons": list(one.reasons)} for one in decided.kept] if decided else [],
        "to_go": [_point(one) for one in decided.dropped] if decided else [],
        "dropped": [{**_point(one.point), "gone": one.gone} for one in done.dropped],
        "holds": [{"hold": hold.id, "run": hold.run, "reason": render(hold.reason)} for hold in done.holds],
    }


def _point(point: RestorePoint) -> dict[str, Any]:
    return {
        "run": point.run,
        "arrived": utc_text(point.arrived),
        "snapshots": list(point.ids),
        "counts": point.counts,
        "why_not": render(point.why_not) if point.why_not else "",
    }


def _lines(each: _Done, wanted: Wanted) -> list[str]:
    done, decided = each.forgotten, each.forgotten.decided
    name = f"{each.system}/{each.repository}"
    judged = _ending(done)
    if not judged.good:
        lines = [f"{name}: {line}" if n == 0 else line for n, line in enumerate(judged_lines(judged))]
        held = [
            _("  hold {id}: {run}: {reason}").format(id=h.id, run=h.run, reason=render(h.reason)) for h in done.holds
        ]
        return [*lines, *held]
    kept, to_go = (len(decided.kept), len(decided.dropped)) if decided else (0, 0)
    if wanted.dry_run:
        return [_("{name}: {kept} points stay, {count} would go").format(name=name, kept=kept, count=to_go)]
    gone = sum(one.whole for one in done.dropped)
    return [_("{name}: {kept} points stay, {count} went").format(name=name, kept=kept, count=gone)]


def _prune_lines(pruned: dict[str, Judged]) -> Iterator[str]:
    for name, judged in pruned.items():
        if judged.good:
            yield _("{repository}: pruned").format(repository=name)
        else:
            yield from judged_lines(judged)
