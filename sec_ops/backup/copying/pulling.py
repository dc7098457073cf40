"""A pull 拉取: one system's runs from the repository they were saved to into one of this site, the gate first."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, Hold, JudgedPart
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import CopyRequest
from sec_ops.backup.retaining.gate import Gate
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.listing import Asked, ask, dropped_here
from sec_ops.backup.retaining.points import RestorePoint
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message

__all__ = ["Pair", "Pull", "Pulled", "pull"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A snapshot and its copy, by whole ids."""

    run: str
    source: str
    part: str
    original: str
    copy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What is pulled: a system, from one repository into another. The gate stands before the first."""

    system: str
    source: Restic
    target: Restic
    record: Record
    gate: Gate
    kib_per_second: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull came to.

    `held` are runs held now, `waiting` runs held earlier; `left` is what should have been copied and is not there.
    `vanished` are copies that were here, are gone, and that nobody here dropped; `future` runs dated later than they
    arrived, `new_future` those of them that nobody was told of before.
    """

    judged: Judged
    pairs: tuple[Pair, ...] = ()
    there: int = 0
    left: int = 0
    held: tuple[Hold, ...] = ()
    waiting: tuple[str, ...] = ()
    vanished: tuple[Arrival, ...] = ()
    future: tuple[str, ...] = ()
    new_future: tuple[str, ...] = ()
    newest: RestorePoint | None = None


def pull(asked: Pull) -> Pulled:
    """Judge what is new, copy what passed, and prove by the listing afterwards what is there.

    Cut short at any point it goes on from there when called again: what the target has is not copied twice.
    """
    known = {each.run for each in _points(asked, asked.source)}
    target = ask(asked.target, asked.record)
    source = ask(asked.source, asked.record) if target.judged.good else target
    if not source.judged.good:
        return _seen(asked, Pulled(judged=source.judged, vanished=_lost(asked, target)), known)
    gated = asked.gate.judge(asked.system)
    passed = [each for each in _points(asked, asked.source) if not each.held and each.has_data]
    passed = [each for each in passed if _is_judged(asked, each)]
    copies = _copies(asked)
    wanted = [each for point in passed for each in _manifest_last(point) if each.snapshot not in copies]
    done = _copied(asked, wanted) if wanted else gated.judged
    after = ask(asked.target, asked.record) if wanted else target
    now_there = _copies(asked)
    pairs = [_pair(each, now_there[each.snapshot]) for each in wanted if each.snapshot in now_there]
    _judged_there(asked, [each for each in passed if all(part.snapshot in now_there for part in each.snapshots)])
    left = len(wanted) - len(pairs)
    pulled = Pulled(
        judged=_worst(done, gated.judged, after.judged, left, asked),
        pairs=tuple(pairs),
        there=sum(each.snapshot in copies for point in passed for each in point.snapshots),
        left=left,
        held=gated.held,
        vanished=_lost(asked, target),
    )
    return _seen(asked, pulled, known)


def _points(asked: Pull, restic: Restic) -> tuple[RestorePoint, ...]:
    return points_in(asked.record, restic.repository.id, asked.system)


def _is_judged(asked: Pull, point: RestorePoint) -> bool:
    rows = asked.record.judgements(asked.system, asked.source.repository.id)
    return any(each.run == point.run for each in rows)


def _copies(asked: Pull) -> dict[str, str]:
    """Return the copies by the id of what they are copies of: those there, and those that were dropped on purpose."""
    target = asked.target.repository.id
    dropped = dropped_here(asked.record, target)
    originals = {
        each.original or each.snapshot: each.snapshot
        for each in asked.record.arrivals(asked.system, target, gone=True)
        if each.gone_ms is None or each.snapshot in dropped
    }
    source = asked.record.arrivals(asked.system, asked.source.repository.id)
    return {each.snapshot: originals[key] for each in source if (key := each.original or each.snapshot) in originals}


def _manifest_last(point: RestorePoint) -> list[Arrival]:
    """Return the snapshots so that one cut short has no manifest, and so counts as nothing."""
    return sorted(point.snapshots, key=lambda each: (each.part == MANIFEST, each.arrival))


def _copied(asked: Pull, wanted: Sequence[Arrival]) -> Judged:
    """Copy in one call; the order of the ids is the order they are copied in."""
    ids = [each.snapshot for each in wanted]
    request = CopyRequest(snapshots=ids, limit_download=asked.kib_per_second)
    return asked.target.copy_from(asked.source.repository, request).judged


def _pair(original: Arrival, copy: str) -> Pair:
    return Pair(run=original.run, source=original.source, part=original.part, original=original.snapshot, copy=copy)


def _judged_there(asked: Pull, points: Iterable[RestorePoint]) -> None:
    """Let what passed the gate here count as judged in the target, too: it is the same data."""
    target = asked.target.repository.id
    known = {each.run for each in asked.record.judgements(asked.system, target)}
    runs = {each.run for each in points} - known
    rows = asked.record.judgements(asked.system, asked.source.repository.id)
    now_ms = asked.record.now_ms
    asked.record.judge([_at(each, target, now_ms) for each in rows if each.run in runs])


def _at(row: JudgedPart, repository: str, now_ms: int) -> JudgedPart:
    return replace(row, repository=repository, at_ms=now_ms)


def _lost(asked: Pull, target: Asked) -> tuple[Arrival, ...]:
    dropped = dropped_here(asked.record, asked.target.repository.id)
    return tuple(each for each in target.gone if each.system == asked.system and each.snapshot not in dropped)


def _worst(done: Judged, gated: Judged, after: Judged, left: int, asked: Pull) -> Judged:
    for judged in (done, gated, after):
        if not judged.good:
            return judged
    if left:
        return Judged(
            verdict=Verdict.FAILED,
            what=message(
                "{repository}: {count} snapshots that were copied are not there",
                repository=asked.target.repository.id,
                count=left,
            ),
            advice=message("run it again; what is there is not sent twice"),
        )
    return done


def _seen(asked: Pull, pulled: Pulled, known: Collection[str]) -> Pulled:
    """Return the result with what the record knows of both sides."""
    source, target = (_points(asked, each) for each in (asked.source, asked.target))
    new = {each.run for each in pulled.held}
    return replace(
        pulled,
        waiting=tuple(each.run for each in source if each.held and each.run not in new),
        future=tuple(each.run for each in source if each.future_dated),
        new_future=tuple(each.run for each in source if each.future_dated and each.run not in known),
        newest=max((each for each in target if each.counts), key=lambda each: each.arrival, default=None),
    )
