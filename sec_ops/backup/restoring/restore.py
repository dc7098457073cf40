"""A restore from its start to its proof."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.proving.checking import judged_trust
from sec_ops.backup.proving.manifest import Manifest
from sec_ops.backup.proving.reading import ManifestFile, fetched_manifest
from sec_ops.backup.restic.asking import OnEvent, nothing
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restoring.choosing import PartOfPoint, Point
from sec_ops.backup.restoring.databases import load_source
from sec_ops.backup.restoring.files import Fetching, FilesRestored, restore_files
from sec_ops.backup.restoring.place import begun_folder, ended_folder, judged_room
from sec_ops.backup.restoring.wanted import Place, Wanted
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.source import Doors, Order, Source
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import EvidenceBroken, UsageError
from sec_ops.model.messages import message

__all__ = ["Loadable", "RestoreDoors", "Restored", "SourceRestored", "restore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loadable:
    """How a source is loaded: its kind, and the plan's entry with its doors."""

    source: Source
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreDoors:
    """What a restore needs of the world; `folder` is for files that are gone afterwards, `trust` fingerprints.

    `loadings` tell how those sources are loaded that shall be, by their ids.
    """

    restic: Restic
    doors: Doors
    folder: Path
    trust: Collection[str]
    loadings: Mapping[str, Loadable]
    on_event: OnEvent = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRestored:
    """A source: its files, and what loading it came to where that was asked for."""

    files: FilesRestored
    into: str = ""
    loaded: Judged | None = None

    @property
    def judged(self) -> Judged:
        """Return the graver of the two."""
        return worst((self.files.judged, *((self.loaded,) if self.loaded else ())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore came to; `trusted` are the manifest's keys that are believed."""

    point: Point
    judged: Judged
    sources: tuple[SourceRestored, ...] = ()
    trusted: tuple[str, ...] = ()
    manifest: Manifest | None = None


def restore(point: Point, wanted: Wanted, doors: RestoreDoors) -> Restored:
    """Restore what is wanted of a point, compare it with the manifest, and load what shall be loaded.

    Into a new folder, which may be one that a restore of the same run was killed in: it goes on there. In place only
    by a manifest that is trusted. Raises UsageError for a folder with something else in it and for sources that the
    run has not, StorageError.
    """
    parts = _parts(point, wanted)
    if wanted.place is Place.NEW:
        begun_folder(wanted.folder, point.run)
    full = judged_room(wanted, point, parts)
    if full:
        return Restored(point=point, judged=full)
    try:
        with _fetching(point, doors) as fetching:
            fetched = fetching() if wanted.place is Place.IN_PLACE else None
            refused = _refused(fetched, point, doors) if fetched else None
            if refused:
                return Restored(point=point, judged=refused)
            sources = _found([_source(each, wanted, fetching, doors) for each in parts], wanted)
            manifest = fetching()
    except EvidenceBroken as error:
        judged = Judged(verdict=Verdict.DAMAGED, what=error.what, why=error.why, advice=_OTHER)
        return Restored(point=point, judged=judged)
    verdicts = [each.judged for each in sources]
    trusted: tuple[str, ...] = ()
    told: Manifest | None = None
    if isinstance(manifest, ManifestFile):
        trusted, told = manifest.trusted, manifest.manifest
        verdicts.append(judged_trust(manifest, point.run, doors.restic.repository.id))
    judged = worst(verdicts)
    if judged.good and wanted.place is Place.NEW:
        ended_folder(wanted.folder)
    return Restored(point=point, judged=judged, sources=sources, trusted=trusted, manifest=told)


def _parts(point: Point, wanted: Wanted) -> list[list[PartOfPoint]]:
    """Return the snapshots that are wanted, source by source."""
    by_source: dict[str, list[PartOfPoint]] = {}
    for each in point.parts:
        if each.part != MANIFEST and wanted.takes(each.source):
            by_source.setdefault(each.source, []).append(each)
    for name in (*wanted.sources, *wanted.loads):
        if name not in by_source:
            what = message("run {run} has no source {source}", run=point.run, source=name)
            has = ", ".join(sorted({each.source for each in point.parts if each.source}))
            raise UsageError(what, advice=message("name one of: {names}", names=has))
    return list(by_source.values())


def _source(parts: Sequence[PartOfPoint], wanted: Wanted, fetching: Fetching, doors: RestoreDoors) -> SourceRestored:
    files = restore_files(
        doors.restic, parts, wanted, fetching, doors=doors.doors, folder=doors.folder, on_event=doors.on_event
    )
    into = wanted.loads.get(files.source, "")
    fetched = fetching()
    if not into or isinstance(fetched, Judged):
        return SourceRestored(files=files)
    if not files.judged.good:
        what = message("{source}: not loaded, as its files are not as they were saved", source=files.source)
        return SourceRestored(files=files, into=into, loaded=Judged(verdict=Verdict.FAILED, what=what, advice=_OTHER))
    saved = next(each for each in fetched.manifest.sources if each.source == files.source)
    loading = doors.loadings[files.source]
    loaded = load_source(loading.source, loading.order, saved, files.root, into, typed=wanted.typed)
    return SourceRestored(files=files, into=into, loaded=loaded)


def _found(sources: Sequence[SourceRestored], wanted: Wanted) -> tuple[SourceRestored, ...]:
    """Return the sources that have something of the paths asked for; all when none has."""
    having = tuple(each for each in sources if each.files.differences and each.files.differences.files)
    return having if wanted.paths and having else tuple(sources)


def _refused(fetched: "ManifestFile | Judged", point: Point, doors: RestoreDoors) -> Judged | None:
    """Return why nothing is written in place: only what a trusted manifest can prove is."""
    judged = fetched if isinstance(fetched, Judged) else judged_trust(fetched, point.run, doors.restic.repository.id)
    return None if judged.good else judged


@contextmanager
def _fetching(point: Point, doors: RestoreDoors) -> Iterator[Fetching]:
    """Fetch the manifest beside the restore; whoever needs it waits."""
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1, "manifest"))
        fetched = fetched_manifest(doors.restic, point.manifest, doors.trust, folder=doors.folder)
        coming = pool.submit(stack.enter_context, fetched)
        yield coming.result


_OTHER = message("restore from another copy or run, and see what is hurt: sec-ops backup verify")
