"""A system measured: what was lost, and whether times and losses are within their targets. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sec_ops.drill.measuring.loss import Basis, Loss, loss_of
from sec_ops.drill.measuring.phases import seconds_text
from sec_ops.model.drill_record import Problem, SourceRecord
from sec_ops.model.messages import message

__all__ = ["Measured", "lost_of", "silent_problem", "target_problems", "within_time"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Recovery time and loss beside their targets, in milliseconds; None where nothing tells, or nobody set one."""

    rto_ms: int | None
    rto_target_ms: int | None
    loss: Loss
    rpo_target_ms: int | None

    @property
    def rto_met(self) -> bool | None:
        """Return whether it was back in time; None without a target, or when it is not back."""
        return within_time(self.rto_ms, self.rto_target_ms)

    @property
    def rpo_met(self) -> bool | None:
        """Return whether no more was lost than may be; None without a target, or when nothing tells."""
        return None if self.rpo_target_ms is None else self.loss.within(self.rpo_target_ms)


def within_time(spent_ms: int | None, target_ms: int | None) -> bool | None:
    """Return whether a time is within its target, None where one of them is not known."""
    return None if spent_ms is None or target_ms is None else spent_ms <= target_ms


def lost_of(
    sources: Iterable[SourceRecord],
    lost_at: datetime,
    *,
    until: datetime | None = None,
    logs: Sequence[str] = (),
    beating: Collection[str] = (),
) -> Loss:
    """Return the loss of a system: that of its source that lost most, nothing known when one of them tells nothing.

    With `until`, the moment that was chosen to come back to, nothing later is missed. `logs` are sources that only
    feed others. A source that is `beating`, by its plan, tells nothing without a heartbeat row: the age of a backup
    does not stand in for it.
    """
    losses = [
        Loss(basis=Basis.UNKNOWN) if each.source in beating and not each.heartbeat else _lost(each, lost_at, until)
        for each in sources
        if each.source not in logs
    ]
    if not losses or any(each.lost_ms is None for each in losses):
        return Loss(basis=Basis.UNKNOWN)
    return max(losses, key=lambda each: each.lost_ms or 0)


def silent_problem() -> Problem:
    """Return the problem of a source whose plan promises heartbeats, and none of which came back."""
    return Problem(
        what=message("no heartbeat row came back, though the plan has heartbeat: true, so nothing tells what was lost"),
        advice=message("see that heartbeats are written: sec-ops backup heartbeat, and that their table is saved"),
    )


def target_problems(measured: Measured) -> list[Problem]:
    """Return each target that was missed, and each nobody can tell of: unknown is never within."""
    found = []
    if measured.rto_met is False:
        what = message(
            "back after {spent} s, and {target} s are allowed",
            spent=seconds_text(measured.rto_ms),
            target=seconds_text(measured.rto_target_ms),
        )
        found.append(Problem(what=what, advice=message("look which phase took longest, and shorten it")))
    if measured.rpo_target_ms is None or measured.rpo_met:
        return found
    if measured.rpo_met is None and measured.loss.lost_ms is None:
        what = message(
            "nothing tells how much was lost, and {target} s may be", target=seconds_text(measured.rpo_target_ms)
        )
        advice = message("have heartbeats written into a database of the system: heartbeat: true in its plan")
    else:
        what = message(
            "up to {lost} s were lost, and {target} s may be",
            lost=seconds_text(measured.loss.lost_ms),
            target=seconds_text(measured.rpo_target_ms),
        )
        advice = message("run the plan more often, or save the log of the database as it is written")
    return [*found, Problem(what=what, advice=advice)]


def _lost(source: SourceRecord, lost_at: datetime, until: datetime | None) -> Loss:
    heartbeat, data_of = _moment(source.heartbeat), _moment(source.taken_at)
    if until is None:
        return loss_of(lost_at, heartbeat=heartbeat, data_of=data_of)
    # What can't go back, such as files, is of a later moment than the chosen one: nothing up to it is lost.
    return loss_of(min(lost_at, until), heartbeat=heartbeat, data_of=min(data_of, until) if data_of else None)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
