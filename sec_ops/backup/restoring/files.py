"""Restoring the parts of a source as files, hashed as they are written and compared with the manifest."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.proving.checking import expected_rows
from sec_ops.backup.proving.comparing import Differences, Ledger, open_ledger
from sec_ops.backup.proving.manifest import ManifestSource
from sec_ops.backup.proving.reading import ManifestFile, Row, as_shown
from sec_ops.backup.restic.asking import OnEvent
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Event
from sec_ops.backup.restic.requests import RestoreRequest
from sec_ops.backup.restoring.choosing import PartOfPoint
from sec_ops.backup.restoring.hashing import Hashing, hashing, standing, walked
from sec_ops.backup.restoring.wanted import Place, Wanted, chosen_rows, include_pattern
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.source import Doors
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import SecOpsError
from sec_ops.model.messages import message

__all__ = ["Fetching", "FilesRestored", "proved_files", "restore_files"]

Fetching = Callable[[], "ManifestFile | Judged"]
"""Wait for the manifest and return it, or why there is none to compare with; raises EvidenceBroken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRestored:
    """A source's files on disk; `differences` are None when nothing could be compared."""

    source: str
    root: Path
    judged: Judged
    differences: Differences | None = None


def restore_files(
    restic: Restic,
    parts: Sequence[PartOfPoint],
    wanted: Wanted,
    fetching: Fetching,
    *,
    doors: Doors,
    folder: Path,
    on_event: OnEvent,
) -> FilesRestored:
    """Restore the parts of one source and compare all of it; `folder` is for files that are gone afterwards.

    Raises StorageError, EvidenceBroken for a manifest that is not what was signed.
    """
    source = parts[0].source
    root = wanted.root(source)
    with open_ledger(folder) as ledger:
        deadline = restic.repository.deadline_seconds
        with ThreadPoolExecutor(1, "expecting") as pool:
            expecting = pool.submit(_expect, ledger, fetching, source, parts, wanted)
            with hashing(root, doors, ledger.find, deadline_seconds=deadline) as worker:
                told = [_restored(restic, each, root, wanted, _both(worker, on_event)) for each in parts]
        judged = _together(told, wanted)
        fetched = expecting.result()
        if isinstance(fetched, Judged):
            return FilesRestored(source=source, root=root, judged=worst((judged, fetched)))
        entries = walked(root) if wanted.place is Place.NEW else standing(root, list(ledger.expected_paths()))
        ledger.there(entries)
        failed = _hash_the_rest(ledger, root, doors, deadline) or worker.failed
        found = ledger.differences(beside="left out", owners="compared" if os.geteuid() == 0 else "left out")
    if judged.verdict not in (Verdict.OK, Verdict.PARTIAL, Verdict.DAMAGED):
        # What is missing is so because the restore broke off, not because it was lost.
        return FilesRestored(source=source, root=root, judged=judged, differences=found)
    verdicts = (judged, _compared(source, found, wanted), *((_unhashed(failed),) if failed else ()))
    return FilesRestored(source=source, root=root, judged=worst(verdicts), differences=found)


def proved_files(
    fetched: ManifestFile,
    parts: Sequence[PartOfPoint],
    wanted: Wanted,
    *,
    doors: Doors,
    folder: Path,
    deadline_seconds: float,
) -> FilesRestored:
    """Compare the one source of `wanted` that something else restored; raises EvidenceBroken, StorageError."""
    (source,) = wanted.sources
    root = wanted.root(source)
    with open_ledger(folder) as ledger:
        ledger.expect_restored(chosen_rows(_rows(fetched, source, parts), wanted.paths))
        ledger.there(walked(root))
        failed = _hash_the_rest(ledger, root, doors, deadline_seconds)
        found = ledger.differences(beside="left out")
    verdicts = (_compared(source, found, wanted), *((_unhashed(failed),) if failed else ()))
    return FilesRestored(source=source, root=root, judged=worst(verdicts), differences=found)


def _expect(
    ledger: Ledger, fetching: Fetching, source: str, parts: Sequence[PartOfPoint], wanted: Wanted
) -> "ManifestFile | Judged":
    """Enter what the manifest says while it is restored."""
    fetched = fetching()
    if not isinstance(fetched, Judged):
        ledger.expect_restored(chosen_rows(_rows(fetched, source, parts), wanted.paths))
    return fetched


def _restored(restic: Restic, part: PartOfPoint, root: Path, wanted: Wanted, on_event: OnEvent) -> Judged:
    request = RestoreRequest(
        snapshot=part.snapshot,
        target=root,
        includes=[include_pattern(path) for path in wanted.paths],
        tell_files=True,
    )
    return restic.restore(request, on_event=on_event).judged


def _together(told: Sequence[Judged], wanted: Wanted) -> Judged:
    """Return one verdict; a path need not be in every part of a source, but in one."""
    nothing = [each for each in told if each.verdict is Verdict.FAILED and not each.why]
    if wanted.paths and len(nothing) < len(told):
        told = [each for each in told if each not in nothing]
    return worst(told)


def _rows(fetched: ManifestFile, source: str, parts: Sequence[PartOfPoint]) -> Iterator[Row]:
    names = {each.part for each in parts}
    for each in _sources(fetched, source):
        for part in each.parts:
            if part.part in names:
                yield from expected_rows(fetched, each, part)


def _sources(fetched: ManifestFile, source: str) -> Iterable[ManifestSource]:
    return (each for each in fetched.manifest.sources if each.source == source)


def _hash_the_rest(ledger: Ledger, root: Path, doors: Doors, deadline_seconds: float) -> SecOpsError | None:
    """Hash files that restic did not tell of."""
    paths = list(ledger.not_hashed())
    if not paths:
        return None
    with hashing(root, doors, ledger.find, deadline_seconds=deadline_seconds) as worker:
        for path in paths:
            worker.hash(as_shown(path))
    return worker.failed


def _both(worker: Hashing, on_event: OnEvent) -> OnEvent:
    def hear(event: Event) -> None:
        worker(event)
        on_event(event)

    return hear


def _compared(source: str, found: Differences, wanted: Wanted) -> Judged:
    if found.files == 0 and wanted.paths:
        what = message(
            "{source}: nothing in the manifest is called {paths}", source=source, paths=", ".join(wanted.paths)
        )
        return Judged(verdict=Verdict.FAILED, what=what, advice=_NAMES)
    if found.none and found.rights:
        what = message(
            "{source}: {count} entries have other rights or owners than they had", source=source, count=found.rights
        )
        return Judged(verdict=Verdict.PARTIAL, what=what, advice=_RIGHTS, paths=tuple(found.paths.get("rights", ())))
    if found.none and not found.unproved:
        return Judged(verdict=Verdict.OK, what=message("done"))
    if found.none:
        what = message(
            "{source}: {count} files changed while they were saved; nothing can prove them",
            source=source,
            count=found.unproved,
        )
        return Judged(verdict=Verdict.PARTIAL, what=what, advice=_LOOK, paths=tuple(found.paths.get("unproved", ())))
    what = message(
        "{source}: what was restored is not what was saved: {missing} missing, {different} different, {extra} more",
        source=source,
        missing=found.missing,
        different=found.different,
        extra=found.extra,
    )
    paths = tuple(path for kind in ("missing", "different", "extra") for path in found.paths.get(kind, ()))
    return Judged(verdict=Verdict.DAMAGED, what=what, advice=_OTHER, paths=paths)


def _unhashed(failed: SecOpsError) -> Judged:
    what = message("restored, but not all could be compared: {what}", what=failed.what)
    return Judged(verdict=Verdict.PARTIAL, what=what, why=failed.why, advice=failed.advice)


_NAMES = message("name a path as it was where it was saved, such as /srv/www/index.html")
_RIGHTS = message("restore as root, to a file system that keeps rights; or set them yourself")
_LOOK = message("look at these files yourself, or take them from another run")
_OTHER = message("restore from another copy or run, and see what is hurt: sec-ops backup verify")
