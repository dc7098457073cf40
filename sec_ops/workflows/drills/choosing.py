"""Which restore point a drill takes, and which base backup its log belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sec_ops.backup.proving.reading import ManifestFile, fetched_manifest
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restoring.choosing import PartOfPoint, Point, chosen_point
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.points import RestorePoint, newest_good
from sec_ops.backup.source import Serving
from sec_ops.backup.sources import source_of
from sec_ops.backup.verdict import Verdict
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.halting import Halt
from sec_ops.model.drill_record import Problem
from sec_ops.model.drill_scenario import PointChoice
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["Choice", "Selection", "selected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is wanted: a kind of point, for databases with a log a moment (UTC) to come back to.

    `trust` are fingerprints of keys that are believed; `folder` is for files that are gone afterwards.
    """

    point: PointChoice
    until: datetime | None
    trust: frozenset[str]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The point that is restored, and for sources with a log the point that has their base backup, where another one.

    `partial` says that its run left something out when it was saved; `told` are later points and why they don't count.
    """

    point: Point
    bases: Mapping[str, Point]
    partial: bool
    told: Sequence[Problem] = ()


def selected(planned: PlannedSystem, record: Record, restic: Restic, choice: Choice, halt: Halt) -> Selection:
    """Return what is restored of a system from a repository that was listed; raises UsageError when nothing counts."""
    name = restic.repository.id
    sizes = {each.snapshot: each.counts.bytes_read for each in record.arrivals(planned.id, name)}
    points = points_in(record, name, planned.id)
    chosen = _chosen(points, planned.id, choice.point)
    point = chosen_point(points, planned.id, chosen.run, sizes=sizes)
    bases: dict[str, Point] = {}
    for source in _with_base(planned):
        halt.check()
        based = _base(points, chosen, source, restic, choice)
        whole = chosen_point(points, planned.id, based.run, sizes=sizes)
        bases[source] = _only(whole, source)
    return Selection(
        point=_without(point, bases),
        bases=bases,
        partial=chosen.verdict is Verdict.PARTIAL,
        told=tuple(_told(points, chosen)),
    )


def _chosen(points: Sequence[RestorePoint], system: str, choice: PointChoice) -> RestorePoint:
    held = [each.arrival for each in points if each.held]
    early = points
    if choice is PointChoice.BEFORE_ENCRYPTION and held:
        early = [each for each in points if each.arrival < min(held)]
    found = newest_good(early)
    if found is None:
        raise UsageError(
            message("there is no restore point of {system} that counts", system=system),
            advice=message("see which there are and why they don't: sec-ops backup snapshots {system}", system=system),
        )
    return found


def _told(points: Sequence[RestorePoint], chosen: RestorePoint) -> list[Problem]:
    """Tell of points that arrived later than the chosen one and don't count."""
    return [
        Problem(
            what=message("run {run} arrived later and was passed over: {why}", run=each.run, why=each.why_not),
            advice=message("see: sec-ops backup snapshots {system}", system=each.system),
        )
        for each in points
        if each.arrival > chosen.arrival and each.why_not
    ]


def _with_base(planned: PlannedSystem) -> list[str]:
    """Return the sources that a whole server comes back from."""
    return [
        each.id
        for each in planned.plan.sources
        if each.id in planned.sources and isinstance(source_of(each.kind), Serving)
    ]


def _base(
    points: Sequence[RestorePoint], chosen: RestorePoint, source: str, restic: Restic, choice: Choice
) -> RestorePoint:
    """Return the newest point up to the chosen one that has a base backup; with a moment, one taken before it."""
    for each in sorted(points, key=lambda each: -each.arrival):
        part = next((part for part in each.data if part.source == source and part.part == "base"), None)
        if part is None or each.arrival > chosen.arrival or not each.counts:
            continue
        if choice.until is None:
            return each
        if moment(part.claimed_ms) < choice.until and _made_before(each, restic, choice, choice.until):
            return each
    what = message("{source}: no base backup there is old enough to come back to that moment", source=source)
    none = message("{source}: there is no base backup that counts", source=source)
    advice = message("see which runs have one: sec-ops backup snapshots")
    raise UsageError(what if choice.until else none, advice=advice)


def _made_before(point: RestorePoint, restic: Restic, choice: Choice, until: datetime) -> bool:
    """Return whether its manifest was made before the moment, by who is believed: so the base backup had ended."""
    manifest = chosen_point([point], point.system, point.run, sizes={}).manifest
    with fetched_manifest(restic, manifest, choice.trust, folder=choice.folder) as fetched:
        if not isinstance(fetched, ManifestFile) or not fetched.trusted:
            return False
        return datetime.fromisoformat(fetched.manifest.made_at) < until


def _only(point: Point, source: str) -> Point:
    """Return the point with nothing but a source's base backup and the manifest."""
    return replace(point, parts=tuple(each for each in point.parts if not each.source or _is_base(each, source)))


def _without(point: Point, bases: Mapping[str, Point]) -> Point:
    """Return the point without base backups: these come from the points that were chosen for them."""
    return replace(point, parts=tuple(each for each in point.parts if not any(_is_base(each, name) for name in bases)))


def _is_base(part: PartOfPoint, source: str) -> bool:
    return part.source == source and part.part == "base"
