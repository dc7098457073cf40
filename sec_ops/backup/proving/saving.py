"""Saving a part so that it can be proved: the backup, its files hashed beside it, its snapshot listed after it."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.backup.naming import named
from sec_ops.backup.proving.digests import Digests, open_digests
from sec_ops.backup.proving.following import Following, following
from sec_ops.backup.proving.links import asking_links
from sec_ops.backup.proving.listing import Lines, Lister, draft, nanoseconds, still
from sec_ops.backup.proving.manifest import SHOWN_PATHS, Listing, ManifestPart
from sec_ops.backup.proving.told import Told
from sec_ops.backup.restic.asking import OnEvent, nothing
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Event
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
    roots = [str(path) for path in saving.part.paths]
    started_ns = int(saving.doors.clock.now().timestamp() * 1e9)
    request = replace(saving.request, parent=saving.request.parent or last.snapshot, tell_files=True)
    unproved = last.unproved if request.parent == last.snapshot else None
    with Told(saving.folder) as told:
        follower = Following(
            digests, saving.doors, roots=roots, told=told, unproved=unproved, launcher=saving.part.launcher
        )

        def hear(event: Event) -> None:
            follower(event)
            on_event(event)

        with following(follower, deadline_seconds=restic.repository.deadline_seconds):
            result = save(request, hear)
            if request.parent and _parent_is_gone(result):
                result = save(replace(request, parent=""), hear)
            if result.judged.verdict not in _COUNTING:
                follower.drop()
                return Proved(result=result)
        compared = last if request.parent == last.snapshot else _NOTHING
        listing = _Listing(saving, restic, digests, result=result, follower=follower, started_ns=started_ns)
        return listing.proved(compared, notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Last:
    """The snapshot that was listed last; of files without a digest the paths, None when they are too many."""

    snapshot: str
    listing: Listing
    unproved: frozenset[str] | None


_NOTHING = _Last(snapshot="", listing=Listing(), unproved=None)


def _last(digests: Digests) -> _Last:
    try:
        told = json.loads(digests.note(_LISTED) or "{}")
        listing = Listing.model_validate(told["listing"])
        unproved = frozenset(map(str, told["unproved"]))
        few = len(unproved) == listing.changed + listing.unread
        return _Last(snapshot=str(told["snapshot"]), listing=listing, unproved=unproved if few else None)
    except (ValueError, KeyError, TypeError):
        return _NOTHING


class _Listing:
    """The listing of a snapshot that was saved, and the proof made of it."""

    def __init__(
        self,
        saving: Saving,
        restic: Restic,
        digests: Digests,
        *,
        result: BackupResult,
        follower: Following,
        started_ns: int,
    ) -> None:
        self._saving, self._restic, self._digests = saving, restic, digests
        self._result, self._follower = result, follower
        self._rested_ns = _rested_ns(saving, result, started_ns)
        self._path = saving.folder / f"{_name(saving, restic)}.jsonl"
        altered = tuple(follower.altered[:SHOWN_PATHS])
        self._part = _part(saving, result, reused=follower.reused, altered_in_silence=altered)

    def proved(self, last: _Last, notes: dict[str, str]) -> Proved:
        """Return the proof: by the last listing where restic found all as it was and all was proved, else a new one."""
        if self._follower.failed:
            return self._unproved(self._follower.failed)
        if self._result.judged.good and self._follower.unchanged and last.unproved == frozenset() and self._kept():
            return self._whole(last.listing, (), (), notes)
        try:
            with draft(self._path) as lines:
                judged = self._written(lines)
                lines.whole = judged.good
        except OSError as error:
            raise storage_error(self._path, error) from error
        except (EngineError, TransportError) as error:
            return self._unproved(error)
        return (
            self._whole(lines.listing(), lines.changed, lines.unproved, notes)
            if lines.whole
            else self._unproved(judged)
        )

    def _written(self, lines: Lines) -> Judged:
        """Write the listing by what restic told while it saved; where that is not certain, have restic list it."""
        if self._was_still(lines):
            return self._result.judged
        lines.begin_anew()
        deadline = self._restic.repository.deadline_seconds
        with asking_links(self._saving.doors, self._saving.part.launcher, deadline_seconds=deadline) as ask_links:
            lister = Lister(self._digests, lines, self._rested_ns, ask_links)
            judged = self._restic.ls(self._part.snapshot, on_node=lister).judged
            lister.end()
        return judged

    def _was_still(self, lines: Lines) -> bool:
        stillness, summary = self._follower.stillness, self._result.summary
        # Of what patterns leave out, restic tells nothing, and nothing of what is neither file nor folder.
        chosen = self._saving.request.excludes or self._saving.part.options
        if not self._result.judged.good or summary is None or (chosen and not stillness.only_folders):
            return False
        return still(
            lines,
            self._digests,
            self._follower.told,
            stillness,
            rested_ns=self._rested_ns,
            files=summary.total_files,
            size=summary.total_bytes,
        )

    def _kept(self) -> bool:
        return self._path.is_file()

    def _whole(
        self, listing: Listing, changed: Sequence[str], unproved: Sequence[str], notes: dict[str, str]
    ) -> Proved:
        told = {"snapshot": self._part.snapshot, "listing": listing.model_dump(), "unproved": list(unproved)}
        notes[_LISTED] = json.dumps(told)
        part = self._part.model_copy(update={"listing": listing, "changed_during_backup": tuple(changed)})
        return Proved(result=self._result, part=part, lines=self._path)

    def _unproved(self, fault: SecOpsError | Judged) -> Proved:
        return Proved(result=self._result, part=self._part, fault=fault)


def _name(saving: Saving, restic: Restic) -> str:
    """Return what a part is called among those of all systems and repositories."""
    name = named(saving.request.tags)
    return ".".join((restic.repository.id, name.system if name else "", saving.source, saving.part.name))


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
