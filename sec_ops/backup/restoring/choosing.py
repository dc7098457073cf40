"""Choosing what to restore: a run by its name or the newest that counts, in order of arrival."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.arriving import arrivals_of
from sec_ops.backup.record.record import Record
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.retaining.points import RestorePoint, newest_good
from sec_ops.backup.verdict import Judged
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["PartOfPoint", "Point", "chosen_point", "listed_into"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfPoint:
    """A snapshot of a restore point."""

    source: str
    part: str
    snapshot: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A restore point as it is restored: the manifest's snapshot, and the others by each id they were known by.

    `sizes` are the bytes of snapshots, where their summaries told.
    """

    run: str
    system: str
    manifest: str
    standing: Mapping[str, str]
    parts: tuple[PartOfPoint, ...]
    sizes: Mapping[str, int]


def listed_into(record: Record, restic: Restic) -> Judged:
    """List a repository into the record; return the verdict of listing it."""
    asked_ms, name = record.now_ms, restic.repository.id
    listed = restic.snapshots()
    if listed.judged.good:
        record.listed(name, arrivals_of(name, listed.snapshots, record.now_ms), asked_ms=asked_ms)
    return listed.judged


def chosen_point(points: Sequence[RestorePoint], system: str, run: str = "", *, sizes: Mapping[str, int]) -> Point:
    """Return a system's point: the newest that counts, or the one of a run, whose name may be shortened at its front.

    A run that is named is taken although it is held or dated wrongly, as a person asked for it; without a manifest
    none is. `sizes` are bytes by snapshot. Raises UsageError with what there is.
    """
    of_system = [each for each in points if each.system == system]
    if run:
        found = [each for each in of_system if each.run == run or each.run.endswith(run)]
        if len(found) != 1:
            advice = message("name one of: {runs}", runs=", ".join(each.run for each in of_system[-5:]) or "-")
            raise UsageError(
                message("no single run matches {name} ({count} do)", name=run, count=len(found)), advice=advice
            )
        return _point(found[0], sizes)
    newest = newest_good(of_system)
    if newest is None:
        raise UsageError(
            message("there is no restore point of {system} that counts", system=system),
            advice=message("see which there are and why they don't: sec-ops backup snapshots {system}", system=system),
        )
    return _point(newest, sizes)


def _point(point: RestorePoint, sizes: Mapping[str, int]) -> Point:
    manifest = next((each.snapshot for each in point.snapshots if each.part == MANIFEST), "")
    if not manifest:
        raise UsageError(
            message("run {run} has no manifest there, so nothing could prove a restore", run=point.run),
            advice=message("restore it by restic itself, or name another run"),
        )
    standing = {known: each.snapshot for each in point.snapshots for known in (each.snapshot, each.original) if known}
    parts = tuple(
        PartOfPoint(source=each.source, part=each.part, snapshot=each.snapshot, host=each.host)
        for each in point.snapshots
    )
    return Point(run=point.run, system=point.system, manifest=manifest, standing=standing, parts=parts, sizes=sizes)
