"""Checking a restore point by its manifest: is all of it there, and what was repaired away."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.backup.proving.comparing import Differences, Ledger, open_ledger
from sec_ops.backup.proving.manifest import Manifest, ManifestPart, ManifestSource
from sec_ops.backup.proving.reading import ManifestFile, Row, fetched_manifest
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Node
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.messages import message

__all__ = ["PartChecked", "PointChecked", "Standing", "check_point", "expected_rows", "judged_trust"]

_AT_ONCE = 10_000

Standing = Mapping[str, str]
"""Snapshots of a restore point as they stand in this repository, by each id a manifest may know them by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChecked:
    """A part compared with its snapshot; `differences` are None when the snapshot is not there or can't be listed."""

    source: str
    part: str
    snapshot: str
    judged: Judged
    differences: Differences | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointChecked:
    """A restore point compared with its manifest; `trusted` are the manifest's keys that are believed."""

    run: str
    judged: Judged
    parts: tuple[PartChecked, ...] = ()
    trusted: tuple[str, ...] = ()
    manifest: Manifest | None = None


def check_point(
    restic: Restic, run: str, manifest: str, standing: Standing, *, trust: Collection[str], folder: Path
) -> PointChecked:
    """Compare what the snapshots of a run hold with the run's manifest, which is the snapshot `manifest`.

    `folder` is for files that are gone afterwards. Raises StorageError.
    """
    try:
        with fetched_manifest(restic, manifest, trust, folder=folder) as fetched:
            if isinstance(fetched, Judged):
                return PointChecked(run=run, judged=fetched)
            parts = tuple(_checked(restic, fetched, standing, folder))
    except EvidenceBroken as error:
        return PointChecked(run=run, judged=_forged(error, restic.repository.id))
    trusted = judged_trust(fetched, run, restic.repository.id)
    return PointChecked(
        run=run,
        judged=worst((trusted, *(each.judged for each in parts))),
        parts=parts,
        trusted=fetched.trusted,
        manifest=fetched.manifest,
    )


def judged_trust(fetched: ManifestFile, run: str, repository: str) -> Judged:
    """Return the verdict on a manifest's signatures, and that it is of the run its tags say."""
    if fetched.manifest.run != run:
        what = message("{repository}: the manifest of run {run} is another run's", repository=repository, run=run)
        return Judged(verdict=Verdict.DAMAGED, what=what, advice=_OTHER)
    if fetched.trusted:
        return Judged(verdict=Verdict.OK, what=message("done"))
    what = message(
        "{repository}: the manifest of run {run} is signed by keys nobody here trusts", repository=repository, run=run
    )
    advice = message("compare its fingerprints with those on paper, and name one that is there: --trust FINGERPRINT")
    return Judged(verdict=Verdict.PARTIAL, what=what, why=fetched.origin, advice=advice)


def expected_rows(fetched: ManifestFile, source: ManifestSource, part: ManifestPart) -> Iterable[Row]:
    """Return what a part's snapshot must hold; of a stream its one file."""
    if part.listing is not None:
        return fetched.rows(source, part)
    streams = (each for each in source.streams if each.filename == part.filename)
    return [Row(f"/{each.filename}", f"/{each.filename}".encode(), "file", each.bytes, each.sha256) for each in streams]


def _checked(restic: Restic, fetched: ManifestFile, standing: Standing, folder: Path) -> Iterable[PartChecked]:
    for source in fetched.manifest.sources:
        for part in source.parts:
            snapshot = standing.get(part.snapshot, "")
            named = PartChecked(
                source=source.source, part=part.part, snapshot=snapshot, judged=_gone(restic, source, part)
            )
            if not snapshot:
                yield named
                continue
            with open_ledger(folder) as ledger:
                ledger.expect_listed(expected_rows(fetched, source, part))
                listed = _listed(restic, snapshot, ledger)
                differences = ledger.differences() if listed.good else None
            judged = _compared(restic, source, part, differences) if differences else listed
            yield replace(named, judged=judged, differences=differences)


def _listed(restic: Restic, snapshot: str, ledger: Ledger) -> Judged:
    """Let the ledger find what a snapshot holds."""
    found: list[tuple[bytes, str, int, str]] = []
    rights: list[tuple[bytes, str, int, int, int]] = []

    def take() -> None:
        ledger.find(found)
        ledger.find_rights(rights)
        found.clear()
        rights.clear()

    def keep(node: Node) -> None:
        path = node.path.encode(errors="replace")
        found.append((path, node.type, node.size if node.type == "file" else 0, ""))
        rights.append((path, node.type, node.rights, node.user, node.group))
        if len(found) >= _AT_ONCE:
            take()

    judged = restic.ls(snapshot, on_node=keep).judged
    take()
    return judged


def _compared(restic: Restic, source: ManifestSource, part: ManifestPart, found: Differences) -> Judged:
    if part.listing is None and not part.filename:
        what = message("{part}: the manifest has no listing of it", part=_part_name(source, part))
        return Judged(verdict=Verdict.PARTIAL, what=what, advice=message("run the plan again: sec-ops backup run"))
    if found.none and not found.rights:
        return Judged(verdict=Verdict.OK, what=message("done"))
    what = message(
        "{repository}: {part} is not what its manifest says: {missing} missing, {different} different, {extra} more, "
        "{rights} with other rights or owners",
        repository=restic.repository.id,
        part=_part_name(source, part),
        missing=found.missing,
        different=found.different,
        extra=found.extra,
        rights=found.rights,
    )
    paths = tuple(path for kind in ("missing", "different", "extra", "rights") for path in found.paths.get(kind, ()))
    return Judged(verdict=Verdict.DAMAGED, what=what, advice=_OTHER, paths=paths)


def _gone(restic: Restic, source: ManifestSource, part: ManifestPart) -> Judged:
    what = message(
        "{repository}: the snapshot of {part} is gone", repository=restic.repository.id, part=_part_name(source, part)
    )
    return Judged(verdict=Verdict.DAMAGED, what=what, advice=_OTHER)


def _forged(error: EvidenceBroken, repository: str) -> Judged:
    what = message("{repository}: {reason}", repository=repository, reason=error.what)
    return Judged(verdict=Verdict.DAMAGED, what=what, why=error.why, advice=_OTHER)


def _part_name(source: ManifestSource, part: ManifestPart) -> str:
    return f"{source.source}/{part.part}"


_OTHER = message(
    "don't prune; restore from another copy or run, and back up again: a new backup brings back what is lost"
)
