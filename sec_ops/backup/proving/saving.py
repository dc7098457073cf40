"""Saving a part so that it can be proved: the backup, its files hashed beside it, its snapshot listed after it."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.backup.naming import named
from sec_ops.backup.proving.digests import Digests, open_digests
from sec_ops.backup.proving.following import Following, following
from sec_ops.backup.proving.links import asking_links
from sec_ops.backup.proving.listing import nanoseconds, written
from sec_ops.backup.proving.manifest import SHOWN_PATHS, Listing, ManifestPart
from sec_ops.backup.restic.asking import OnEvent, nothing
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Doors, Part
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import EngineError, SecOpsError, TransportError
from sec_ops.runtime.files import storage_error

__all__ = ["Backup", "Proved", "Saving", "save_part"]

Backup = Callable[[BackupRequest, OnEvent], BackupResult]
"""How restic is made to save where the data lies; `Restic.backup` on this machine."""

_TICK_NS = 20_000_000
_COUNTING = (Verdict.OK, Verdict.PARTIAL)
_LISTED = "listed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """A part about to be saved by `request`, whose tags are this run's; `folder` keeps digests between runs."""

    source: str
    part: Part
    request: BackupRequest
    doors: Doors
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What saving came to: `result` is the backup's; `part` what the manifest says of it, None when nothing counts.

    `lines` is the file of its listing. `fault` says why its files are not proved though they are saved.
    """

    result: BackupResult
    part: ManifestPart | None = None
    lines: Path | None = None
    fault: SecOpsError | Judged | None = None


def save_part(saving: Saving, restic: Restic, *, backup: Backup | None = None, on_event: OnEvent = nothing) -> Proved:
    """Save a part and return it with its proof; a backup that is saved but could not be proved says so.

    A part of files is compared with the snapshot it had before, which is kept in mind in `folder`. Raises StorageError,
    and what `backup` raises.
    """
    save = backup or (lambda request, heard: restic.backup(request, on_event=heard))
    if not saving.part.paths:
        return _saved_stream(saving, save(saving.request, on_event))
    digests = open_digests(saving.folder / f"{_name(saving, restic)}.db")
    notes: dict[str, str] = {}
    try:
        proved = _saved_files(saving, restic, digests, save=save, on_event=on_event, notes=notes)
    finally:
        digests.close(**notes)
    return proved


def _saved_stream(saving: Saving, result: BackupResult) -> Proved:
    if result.judged.verdict not in _COUNTING:
        return Proved(result=result)
    return Proved(result=result, part=_part(saving, result, filename=saving.part.filename))


def _saved_files(
    saving: Saving, restic: Restic, digests: Digests, *, save: Backup, on_event: OnEvent, notes: dict[str, str]
) -> Proved:
    last = _last(digests)
    roots = frozenset(word for path in saving.part.paths for word in (str(path), f"{str(path).rstrip('/')}/"))
    started_ns = int(saving.doors.clock.now().timestamp() * 1e9)
    request = replace(saving.request, parent=saving.request.parent or last.snapshot, tell_files=True)
    with following(
        digests,
        saving.doors,
        roots=roots,
        launcher=saving.part.launcher,
        deadline_seconds=restic.repository.deadline_seconds,
    ) as follower:

        def hear(event: object) -> None:
            follower(event)  # type: ignore[arg-type]
            on_event(event)  # type: ignore[arg-type]

        result = save(request, hear)
        if request.parent and _parent_is_gone(result):
            result = save(replace(request, parent=""), hear)
        if result.judged.verdict not in _COUNTING:
            follower.drop()
            return Proved(result=result)
    return _listed(
        saving,
        restic,
        digests,
        result=result,
        follower=follower,
        request=request,
        last=last,
        started_ns=started_ns,
        notes=notes,
    )


def _listed(
    saving: Saving,
    restic: Restic,
    digests: Digests,
    *,
    result: BackupResult,
    follower: Following,
    request: BackupRequest,
    last: "_Last",
    started_ns: int,
    notes: dict[str, str],
) -> Proved:
    """Return the proof of saved files: the last listing where restic found all as it was, else a new one."""
    lines = saving.folder / f"{_name(saving, restic)}.jsonl"
    part = _part(saving, result, reused=follower.reused, altered_in_silence=tuple(follower.altered[:SHOWN_PATHS]))
    if follower.failed:
        return Proved(result=result, part=part, fault=follower.failed)
    changed: tuple[str, ...] = ()
    if result.judged.good and request.parent == last.snapshot and last.whole and _alike(saving, follower):
        listing = last.listing
    else:
        told: list[Judged] = []
        deadline = restic.repository.deadline_seconds
        try:
            with asking_links(saving.doors, saving.part.launcher, deadline_seconds=deadline) as ask_links:
                lister = written(
                    lines,
                    lambda lister: told.append(restic.ls(part.snapshot, on_node=lister).judged),
                    digests,
                    _rested_ns(saving, result, started_ns),
                    ask_links,
                )
        except OSError as error:
            raise storage_error(lines, error) from error
        except (EngineError, TransportError) as error:
            return Proved(result=result, part=part, fault=error)
        if not told[0].good:
            return Proved(result=result, part=part, fault=told[0])
        listing, changed = lister.listing(), tuple(lister.changed)
    notes[_LISTED] = json.dumps({"snapshot": part.snapshot, "listing": listing.model_dump()})
    proved = part.model_copy(update={"listing": listing, "changed_during_backup": changed})
    return Proved(result=result, part=proved, lines=lines)


@dataclass(frozen=True, slots=True)
class _Last:
    """The snapshot that was listed last."""

    snapshot: str
    listing: Listing

    @property
    def whole(self) -> bool:
        return bool(self.snapshot) and not self.listing.changed and not self.listing.unread


def _last(digests: Digests) -> _Last:
    try:
        told = json.loads(digests.note(_LISTED) or "{}")
        return _Last(str(told["snapshot"]), Listing.model_validate(told["listing"]))
    except (ValueError, KeyError, TypeError):
        return _Last("", Listing())


def _name(saving: Saving, restic: Restic) -> str:
    """Return what a part is called among those of all systems and repositories."""
    name = named(saving.request.tags)
    return ".".join((restic.repository.id, name.system if name else "", saving.source, saving.part.name))


def _alike(saving: Saving, follower: Following) -> bool:
    """Return whether restic found each path as it stands in the snapshot it compared with."""
    paths = (str(path) for path in saving.part.paths)
    return all({path, f"{path.rstrip('/')}/"} & follower.alike for path in paths)


def _rested_ns(saving: Saving, result: BackupResult, started_ns: int) -> int:
    """Return since when a file must not have changed: since the backup began; what stands still never does.

    The clock is that of where the files lie; our own when restic doesn't tell.
    """
    if saving.part.launcher:
        return sys.maxsize
    return ((nanoseconds(result.summary.started) if result.summary else 0) or started_ns) - _TICK_NS


def _parent_is_gone(result: BackupResult) -> bool:
    return result.judged.verdict not in _COUNTING and "failed to load snapshot" in result.judged.why


def _part(saving: Saving, result: BackupResult, **more: object) -> ManifestPart:
    assert result.summary is not None  # noqa: S101 - a backup that counts has one
    return ManifestPart.model_validate(
        {
            "part": saving.part.name,
            "snapshot": result.summary.snapshot_id,
            "host": saving.request.host,
            "verdict": result.judged.verdict.value,
            "paths": tuple(str(path) for path in saving.part.paths),
            **more,
        }
    )
