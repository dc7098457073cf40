"""The gate 闸门: each run is judged beside the last one that counts before it is copied, or anything is dropped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, Hold, JudgedPart
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.looking import look
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.retaining.signs import Grown, Measured, Past, Raised, Sign, holds, past_of, raised
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import Message, message

__all__ = ["Gate", "Gated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What the gate came to: with a verdict other than ok some run could not be judged, and nothing may follow.

    `held` are the holds that came now.
    """

    judged: Judged
    held: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The gate before one repository. `chance` chooses the samples; nobody who attacks may know it.

    `seal` is told of each hold before it is kept, and each part's signs with it.
    """

    restic: Restic
    record: Record
    chance: Random
    seal: Callable[[Hold, Sequence[Raised]], object]

    def judge(self, system: str) -> Gated:
        """Judge the system's runs that were not judged here before, in order of arrival; keep and return holds.

        A run that something was added to since is judged again, for anybody who saves can use its name. Runs that are
        not complete, or that failed, count as nothing and are left. What was lifted is not held again.
        """
        repository, held = self.restic.repository.id, list[Hold]()
        stored, held_before = self.record.judgements(system, repository), _runs(self.record.holds(system))
        points = points_in(self.record, repository, system)
        known, began = _known(stored, points), self._began(system, points)
        lifted = _runs([each for each in self.record.holds(system, repository, lifted=True) if each.lifted_ms])
        rows = [each for each in stored if each.run in known and each.run not in held_before]
        passed: list[RestorePoint] = []
        for point in points:
            if point.held or not point.has_data:
                continue
            if point.run not in known:
                parts = self._measured(point, passed)
                if isinstance(parts, Judged):
                    return Gated(judged=parts, held=tuple(held))
                signs = _signs(point, parts, passed, rows)
                reason = _UNKNOWN if began and not passed else _SIGNS if holds(signs) else None
                hold = self._held(point, reason, signs) if reason and point.run not in lifted else None
                new = [_row(part, self.record.now_ms) for part in parts]
                self.record.judge(new)
                began = True
                if hold:
                    held.append(hold)
                    continue
                rows += new
            passed.append(point)
        return Gated(judged=Judged(verdict=Verdict.OK, what=message("done")), held=tuple(held))

    def _began(self, system: str, points: Sequence[RestorePoint]) -> bool:
        """Return whether runs passed before: judged here, or copied by a record that is lost and none of them is left.

        Of those that are left judgements are made anew, from what the repository holds.
        """
        if self.record.judgements(system, ""):
            return True
        here, arrivals = self.restic.repository.id, self.record.arrivals(system, gone=True)
        copied = {each.original for each in arrivals if each.original and each.repository != here}
        left = (each.original or each.snapshot for point in points for each in point.data)
        return bool(copied) and copied.isdisjoint(left)

    def _measured(self, point: RestorePoint, passed: Sequence[RestorePoint]) -> "list[_Part] | Judged":
        """Return each part measured beside the newest run that has it; a verdict when that can't be seen."""
        found = []
        for after in point.data:
            before = next((each for run in reversed(passed) for each in run.data if _same(each, after)), None)
            part = _part_of(self.restic, before, after, self.chance) if before else _Part(after=after)
            if isinstance(part, Judged):
                return part
            found.append(part)
        return found

    def _held(self, point: RestorePoint, reason: Message, signs: Sequence[Raised]) -> Hold:
        """Seal a hold, then keep it."""
        hold = Hold(
            system=point.system,
            repository=self.restic.repository.id,
            run=point.run,
            reason=reason,
            signs=tuple(message("{part}: {why}", part=each.part, why=each.why) for each in signs),
            since_ms=self.record.now_ms,
        )
        self.seal(hold, signs)
        return self.record.hold(hold)


_SIGNS = message("it shows signs of ransomware")
_UNKNOWN = message("nothing is left of the runs that passed before, so it can be compared with nothing")


def _known(stored: Sequence[JudgedPart], points: Sequence[RestorePoint]) -> set[str]:
    """Return the runs that were judged as they are now, and those that are not here any more."""
    last = {point.run: max((each.first_seen_ms for each in point.data), default=0) for point in points}
    return {each.run for each in stored if each.at_ms >= last.get(each.run, 0)}


def _runs(held: Sequence[Hold]) -> set[str]:
    return {each.run for each in held}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part's snapshot, measured where there was an earlier one."""

    after: Arrival
    measured: Measured | None = None


def _signs(
    point: RestorePoint, parts: Sequence[_Part], passed: Sequence[RestorePoint], rows: Sequence[JudgedPart]
) -> list[Raised]:
    """Return the signs of all parts, and of sources that a whole run does not have any more."""
    signs = [sign for part in parts if part.measured for sign in raised(part.measured, _history(part.after, rows))]
    if not passed or point.verdict is not Verdict.OK:
        return signs
    gone = {each.source for each in passed[-1].data} - {each.source for each in point.data}
    missing = message("it is not in this run, whose predecessor had it")
    return [*signs, *(Raised(part=source, sign=Sign.SHRUNK, why=missing) for source in sorted(gone))]


def _history(part: Arrival, rows: Sequence[JudgedPart]) -> list[Past]:
    return [
        Past(
            share=each.share,
            added=each.added,
            packed=each.packed,
            turned_random=each.turned_random,
            turned_odd=each.turned_odd,
        )
        for each in rows
        if (each.source, each.part) == (part.source, part.part)
    ]


def _same(one: Arrival, other: Arrival) -> bool:
    return (one.source, one.part) == (other.source, other.part)


def _part_of(restic: Restic, before: Arrival, after: Arrival, chance: Random) -> _Part | Judged:
    looked = look(restic, before.snapshot, after.snapshot, chance)
    if looked.touched is None:
        return looked.judged
    measured = Measured(
        part=f"{after.source}/{after.part}",
        stream=_files(after) <= 1 and _files(before) <= 1,
        before=_grown(before),
        after=_grown(after),
        touched=looked.touched,
        samples=looked.samples,
    )
    return _Part(after=after, measured=measured)


def _grown(arrival: Arrival) -> Grown:
    counts = arrival.counts
    return Grown(files=_files(arrival), bytes=counts.bytes_read, added=counts.bytes_added, packed=counts.bytes_packed)


def _files(arrival: Arrival) -> int:
    counts = arrival.counts
    return counts.files_new + counts.files_changed + counts.files_unmodified


def _row(part: _Part, now_ms: int) -> JudgedPart:
    after, measured = part.after, part.measured
    past = (
        past_of(measured)
        if measured
        else Past(share=0.0, added=after.counts.bytes_added, packed=after.counts.bytes_packed)
    )
    return JudgedPart(
        repository=after.repository,
        system=after.system,
        run=after.run,
        source=after.source,
        part=after.part,
        at_ms=now_ms,
        share=past.share,
        added=past.added,
        packed=past.packed,
        samples=len(measured.samples) if measured else 0,
        turned_random=past.turned_random,
        turned_odd=past.turned_odd,
    )
