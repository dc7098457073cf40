"""3-2-1-1-0 computed from facts: three copies, two media, one off-site, one immutable, no errors; each with its proof.

The data itself is the first copy. A repository counts as one while its newest point is no older than its plan allows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sec_ops.backup.copying.overdue import Watched, watched_of
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.planning.measuring import great_circle_km
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Attempt, Verb
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.verdict import Verdict
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.messages import Message, message
from sec_ops.runtime.clock import utc_text

__all__ = ["Digit", "three_two_one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digit:
    """One of the five. `met` is None where nothing is known, which is no pass; `proofs` say what it rests on."""

    name: str
    wanted: int
    found: int
    met: bool | None
    proofs: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A repository of the plan, what is newest there, and what was last proved of it."""

    repository: str
    medium: str
    km: float
    watched: Watched
    arrived: Attempt | None
    probe: Attempt | None
    verify: Attempt | None


def three_two_one(plan: BackupPlan, planned: Planned, record: Record, now: datetime) -> tuple[Digit, ...]:
    """Return the five digits of a plan, in their order, from plans and record alone."""
    copies = [_copy(plan, name, planned, record, now) for name in plan.repositories]
    fresh = [each for each in copies if not each.watched.overdue]
    stale = [_stale(each) for each in copies if each.watched.overdue]
    media = sorted({each.medium for each in fresh})
    far = [each for each in fresh if each.km >= planned.off_site_km]
    return (
        Digit(
            name="copies",
            wanted=3,
            found=1 + len(fresh),
            met=len(fresh) >= 2,
            proofs=(message("the data itself"), *map(_fresh, fresh), *stale),
        ),
        Digit(
            name="media",
            wanted=2,
            found=len(media),
            met=len(media) >= 2,
            proofs=tuple(_medium(each) for each in fresh),
        ),
        Digit(name="off_site", wanted=1, found=len(far), met=bool(far), proofs=tuple(map(_far, fresh))),
        _immutable(fresh),
        _errors(fresh),
    )


def _copy(plan: BackupPlan, name: str, planned: Planned, record: Record, now: datetime) -> _Copy:
    verb = Verb.RUN if name == plan.repository else Verb.COPY
    return _Copy(
        repository=name,
        medium=planned.repositories[name].medium,
        km=great_circle_km(planned.places[plan.place], planned.place_of(name)),
        watched=watched_of(plan, name, planned, record, now),
        arrived=record.latest(verb, plan.id, name, verdicts=(Verdict.OK, Verdict.PARTIAL)),
        probe=record.latest(Verb.PROBE, "", name),
        verify=record.latest(Verb.VERIFY, "", name),
    )


def _immutable(fresh: Sequence[_Copy]) -> Digit:
    """Return the digit of what nobody can delete: the last probe of each decides, not what its settings claim."""
    proved = [each for each in fresh if each.probe and each.probe.verdict is Verdict.OK]
    known = any(each.probe for each in fresh)
    never = message("nobody tried to delete there: sec-ops backup probe")
    return Digit(
        name="immutable",
        wanted=1,
        found=len(proved),
        met=bool(proved) if proved or known else None,
        proofs=tuple(_proof(each, each.probe, never) for each in fresh),
    )


def _errors(fresh: Sequence[_Copy]) -> Digit:
    """Return the digit of errors: repositories whose last verification is not good; one never verified is unknown."""
    bad = [each for each in fresh if each.verify and each.verify.verdict is not Verdict.OK]
    unknown = not fresh or any(each.verify is None for each in fresh)
    never = message("it was never verified")
    return Digit(
        name="errors",
        wanted=0,
        found=len(bad),
        met=False if bad else None if unknown else True,
        proofs=tuple(_proof(each, each.verify, never) for each in fresh),
    )


def _fresh(each: _Copy) -> Message:
    newest = each.watched.newest
    values = {"repository": each.repository, "run": newest.run if newest else "", "at": _moment(newest)}
    if each.arrived and each.arrived.ending and each.arrived.ending.evidence is not None:
        return message(
            "{repository}: run {run}, arrived {at}, evidence {entry}", entry=each.arrived.ending.evidence, **values
        )
    return message("{repository}: run {run}, arrived {at}", **values)


def _stale(each: _Copy) -> Message:
    if each.watched.newest is None:
        return message("{repository}: nothing that counts is there", repository=each.repository)
    return message(
        "{repository}: its newest arrived {at}, which is too old",
        repository=each.repository,
        at=_moment(each.watched.newest),
    )


def _medium(each: _Copy) -> Message:
    return message("{repository}: {medium}", repository=each.repository, medium=each.medium)


def _far(each: _Copy) -> Message:
    return message("{repository}: {km} km away", repository=each.repository, km=f"{each.km:.0f}")


def _proof(each: _Copy, attempt: Attempt | None, never: Message) -> Message:
    if attempt is None or attempt.ending is None:
        return message("{repository}: {what}", repository=each.repository, what=never)
    return message(
        "{repository}: {what} ({at}, evidence {entry})",
        repository=each.repository,
        what=attempt.ending.judged.what,
        at=_time(attempt.ended_ms or attempt.started_ms),
        entry="-" if attempt.ending.evidence is None else attempt.ending.evidence,
    )


def _moment(point: RestorePoint | None) -> str:
    return utc_text(point.arrived) if point else "-"


def _time(at_ms: int) -> str:
    return utc_text(moment(at_ms))
