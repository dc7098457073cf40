"""`backup copy`, put together: which copies are this controller's, each pulled, sealed, recorded, shown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sec_ops.backup.copying.pulling import Pull, Pulled, pull
from sec_ops.backup.copying.sealing import sealed_copy
from sec_ops.backup.copying.telling import future_notice, vanished_notice
from sec_ops.backup.record.values import Doing, Ending, Verb
from sec_ops.backup.verdict import Judged
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._keeping import Keeper, keeping, named_plans, tried
from sec_ops.cli.backup._planning import Room
from sec_ops.cli.backup._running import require_approval
from sec_ops.cli.output import emit
from sec_ops.model.backup_plan import BackupPlan, CopyRule
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render

__all__ = ["copy_plans"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A copy of a plan and what pulling it came to."""

    plan: BackupPlan
    rule: CopyRule
    pulled: Pulled
    outcome: Outcome

    @property
    def outcomes(self) -> set[Outcome]:
        """Return all that hold: what went wrong, and what somebody must look at."""
        odd = self.pulled.held or self.pulled.waiting or self.pulled.vanished or self.pulled.future
        found = {self.outcome} | ({Outcome.FINDINGS} if odd else set())
        return found - {Outcome.CLEAN} or {Outcome.CLEAN}


def copy_plans(room: Room, names: Sequence[str], to: str) -> Iterable[Outcome]:
    """Pull, show, and tell people of what went wrong."""
    assert room.site is not None  # noqa: S101 - the example is never copied
    require_approval(room, room.site)
    chosen = list(_chosen(room, names, to))
    with keeping(room) as keeper:
        done = [_copied(keeper, plan, rule) for plan, rule in chosen]
    outcomes = {outcome for each in done for outcome in each.outcomes} - {Outcome.CLEAN} or {Outcome.CLEAN}
    emit(
        "sec-ops/backup-copy",
        {"systems": [_document(each) for each in done]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in done for line in _lines(each)) or _("there is nothing to do here"),
    )
    return outcomes


def _chosen(room: Room, names: Sequence[str], to: str) -> Iterator[tuple[BackupPlan, CopyRule]]:
    """Return the copies that are this controller's; raises UsageError for one that is not, or that no plan has."""
    here, found = room.settings.place, False
    for plan in named_plans(room, names):
        for rule in plan.copies:
            place = room.planned.repositories[rule.repository].place
            if to and rule.repository == to and here not in (None, place):
                raise UsageError(
                    message("{repository} lies at {place}: the controller there pulls", repository=to, place=place),
                    advice=message("this controller stands at {place}: backup.place in sec-ops.yml", place=here),
                )
            if to in ("", rule.repository) and here in (None, place):
                found = True
                yield plan, rule
    if to and not found:
        what = message("no plan of these systems is copied to {repository}", repository=to)
        raise UsageError(what, advice=message("see: sec-ops backup plans"))


def _copied(keeper: Keeper, plan: BackupPlan, rule: CopyRule) -> _Done:
    """Pull one copy as a recorded attempt, and seal it."""

    def work() -> Pulled:
        with keeper.record.attempting(Doing(verb=Verb.COPY, system=plan.id, repository=rule.repository)) as attempting:
            source, target = keeper.restic(plan.repository), keeper.restic(rule.repository)
            asked = Pull(
                system=plan.id,
                source=source,
                target=target,
                record=keeper.record,
                gate=keeper.gate(plan.repository),
                kib_per_second=rule.bandwidth_kib_per_second,
            )
            pulled = pull(asked)
            data = sealed_copy(plan.id, plan.repository, rule.repository, pulled)
            entry = keeper.log.append("backup.copy/1", data, system=plan.id)
            attempting.end(Ending(judged=pulled.judged, snapshots=len(pulled.pairs), evidence=entry))
        return pulled

    pulled, failed = tried(work, lambda judged: Pulled(judged=judged))
    _tell(keeper, plan.id, rule.repository, pulled)
    return _Done(plan=plan, rule=rule, pulled=pulled, outcome=failed or pulled.judged.outcome)


def _tell(keeper: Keeper, system: str, repository: str, pulled: Pulled) -> None:
    now_ms = keeper.record.now_ms
    keeper.tell_holds(pulled.held)
    if pulled.vanished:
        keeper.tell([vanished_notice(system, repository, pulled, now_ms)])
    if pulled.new_future:
        keeper.tell([future_notice(system, repository, pulled.new_future, now_ms)])
    keeper.tell_latest(Verb.COPY, system, repository)


def _document(each: _Done) -> dict[str, Any]:
    pulled = each.pulled
    return {
        "system": each.plan.id,
        "source": each.plan.repository,
        "target": each.rule.repository,
        **judged_document(pulled.judged),
        "copied": [
            {"run": pair.run, "source": pair.source, "part": pair.part, "original": pair.original, "copy": pair.copy}
            for pair in pulled.pairs
        ],
        "there": pulled.there,
        "left": pulled.left,
        "held": [
            {"hold": hold.id, "run": hold.run, "reason": render(hold.reason), "signs": [render(s) for s in hold.signs]}
            for hold in pulled.held
        ],
        "waiting": list(pulled.waiting),
        "future_dated": list(pulled.future),
        "vanished": [gone.snapshot for gone in pulled.vanished],
        "newest": utc_text(pulled.newest.arrived) if pulled.newest else None,
    }


def _lines(each: _Done) -> list[str]:
    pulled = each.pulled
    head = _("{system}: {source} → {target}: {copied} copied, {there} there before, newest {newest}").format(
        system=each.plan.id,
        source=each.plan.repository,
        target=each.rule.repository,
        copied=len(pulled.pairs),
        there=pulled.there,
        newest=utc_text(pulled.newest.arrived) if pulled.newest else "-",
    )
    return [head, *(f"  {line}" for line in (*_bad(pulled.judged), *_odd(pulled)))]


def _bad(judged: Judged) -> list[str]:
    return [] if judged.good else judged_lines(judged)


def _odd(pulled: Pulled) -> Iterator[str]:
    for hold in pulled.held:
        yield _("HELD {run}: {reason} (hold {id})").format(run=hold.run, reason=render(hold.reason), id=hold.id)
        yield from (f"  {printable(render(sign))}" for sign in hold.signs)
    if pulled.waiting:
        yield _("held earlier: {count} runs; see: sec-ops backup hold list").format(count=len(pulled.waiting))
    if pulled.future:
        yield _("dated later than they came, so never chosen: {count} runs").format(count=len(pulled.future))
    if pulled.vanished:
        yield _("GONE from here though nobody here dropped them: {count} snapshots").format(count=len(pulled.vanished))
