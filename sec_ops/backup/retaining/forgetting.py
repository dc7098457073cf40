"""Forgetting: what retention no longer keeps goes, after the gate, and what really went is counted by a listing."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Hold
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import ForgetRequest
from sec_ops.backup.retaining.gate import Gate
from sec_ops.backup.retaining.keeping import Retained, retained
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.listing import ask
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.backup_plan import Retention
from sec_ops.model.messages import message

__all__ = ["Dropped", "Forget", "Forgotten", "decide", "drop"]

_AT_ONCE = 200
"""Ids of one call: arguments have an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """What is asked: one system's runs in one repository, by a rule in a zone."""

    system: str
    restic: Restic
    record: Record
    gate: Gate
    rule: Retention
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A point that was to go, and how many of its snapshots are gone."""

    point: RestorePoint
    gone: int

    @property
    def whole(self) -> bool:
        """Return whether nothing is left of it."""
        return self.gone == len(self.point.snapshots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What it came to. `decided` is None where repository or gate came before; `holds` are all that are open."""

    judged: Judged
    decided: Retained | None = None
    dropped: tuple[Dropped, ...] = ()
    holds: tuple[Hold, ...] = ()
    new_holds: tuple[Hold, ...] = ()


def decide(asked: Forget) -> Forgotten:
    """List, judge and decide; nothing is changed. While anything of the system is held, nothing may go."""
    listed = ask(asked.restic, asked.record)
    if not listed.judged.good:
        return Forgotten(judged=listed.judged)
    gated = asked.gate.judge(asked.system)
    holds = asked.record.holds(asked.system)
    if not gated.judged.good or holds:
        return Forgotten(judged=gated.judged, holds=holds, new_holds=gated.held)
    points = points_in(asked.record, asked.restic.repository.id, asked.system)
    return Forgotten(
        judged=gated.judged, decided=retained(points, asked.rule, zone=asked.zone, now=moment(asked.record.now_ms))
    )


def drop(asked: Forget, decided: Forgotten) -> Forgotten:
    """Drop what was decided; the listing afterwards says what is gone, whatever restic ended with."""
    if decided.decided is None or not decided.decided.dropped:
        return decided
    points = decided.decided.dropped
    judged = _dropped(asked.restic, [id_ for point in points for id_ in point.ids])
    after = ask(asked.restic, asked.record)
    if not after.judged.good:
        return Forgotten(judged=judged if not judged.good else after.judged, decided=decided.decided)
    there = {each.snapshot for each in asked.record.arrivals(asked.system, asked.restic.repository.id)}
    dropped = tuple(Dropped(point=each, gone=sum(id_ not in there for id_ in each.ids)) for each in points)
    if judged.good and not all(each.whole for each in dropped):
        judged = _stayed(asked, dropped)
    return Forgotten(judged=judged, decided=decided.decided, dropped=dropped)


def _dropped(restic: Restic, ids: Sequence[str]) -> Judged:
    """Drop in pieces; the first that goes wrong ends it."""
    judged = Judged(verdict=Verdict.OK, what=message("done"))
    for start in range(0, len(ids), _AT_ONCE):
        judged = restic.forget(ForgetRequest(snapshots=ids[start : start + _AT_ONCE])).judged
        if not judged.good:
            break
    return judged


def _stayed(asked: Forget, dropped: Sequence[Dropped]) -> Judged:
    left = sum(len(each.point.snapshots) - each.gone for each in dropped)
    return Judged(
        verdict=Verdict.REFUSED,
        what=message(
            "{repository}: {count} snapshots were to go and are still there",
            repository=asked.restic.repository.id,
            count=left,
        ),
        advice=message("an append-only server refuses deletion by design: forget by the way that may delete"),
    )
