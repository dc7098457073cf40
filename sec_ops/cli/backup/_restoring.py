"""Rooms and doors of `backup restore`, put together."""

import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.record.record import Record, open_record
from sec_ops.backup.record.values import Doing, Ending, Verb
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restoring.bases import earlier_bases, only_base, without_bases
from sec_ops.backup.restoring.choosing import Point, chosen_point, listed_into
from sec_ops.backup.restoring.replacing import refuse_occupied
from sec_ops.backup.restoring.restore import Loadable, Restored, RestoreDoors
from sec_ops.backup.restoring.restore import restore as restore_point
from sec_ops.backup.restoring.wanted import Place, Wanted
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.verdict import Judged
from sec_ops.cli.backup._judged import judged_document, judged_lines
from sec_ops.cli.backup._progress import BackupProgress
from sec_ops.cli.backup._repositories import named_repositories, opened
from sec_ops.cli.backup._restored import restored_document, restored_lines, sealed_restore
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.evidence.believing import believed_keys
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import Site, find_site

__all__ = ["Asked", "restore_system"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A restore as it was typed."""

    system: str
    target: Path | None
    run: str
    repository: str
    sources: tuple[str, ...]
    paths: tuple[str, ...]
    loads: tuple[str, ...]
    replaces: tuple[str, ...]
    in_place: bool
    confirm: str
    trust: tuple[str, ...]


def restore_system(named: str | None, asked: Asked) -> Iterable[Outcome]:
    """Restore what was asked for, show and seal what it came to."""
    wanted = _wanted(asked)
    site = find_site(named)
    loadings = _loadings(named, asked, wanted)
    restic = _opened(named, site, asked)
    clock, progress = SystemClock(), BackupProgress()
    with evidence_of(site) as log, open_record(site) as record:
        point = _point(record, restic, asked)
        if isinstance(point, Judged):
            return _told(point, asked, restic.repository.id)
        if wanted.place is Place.IN_PLACE:
            _refuse_other_hosts(point, wanted)
        doing = Doing(verb=Verb.RESTORE, system=asked.system, repository=restic.repository.id, run=point.run)
        with record.attempting(doing) as attempt:
            began = clock.monotonic_ms()
            doors = RestoreDoors(
                restic=restic,
                doors=LocalDoors(clock=clock),
                folder=make_folder(site.state / "restoring"),
                trust=believed_keys(site.evidence, asked.trust),
                loadings=loadings,
                on_event=lambda event: progress(asked.system, event),
            )
            done = list(_restored(point, wanted, _bases(record, point, loadings, restic), doors))
            progress.clear()
            elapsed_ms = clock.monotonic_ms() - began
            entries = [sealed_restore(*each, restic.repository.id, elapsed_ms) for each in done]
            numbers = [log.append("backup.restore/1", each, system=asked.system) for each in entries]
            attempt.end(Ending(judged=worst(each.judged for each, _wanted in done), evidence=numbers[0]))
    outcomes = [each.judged.outcome for each, _wanted in done]
    documents = [restored_document(*each, restic.repository.id) for each in done]
    emit(
        "sec-ops/backup-restore",
        documents[0] | {"bases": documents[1:]},
        outcomes=outcomes,
        text=lambda: "\n".join(line for each in done for line in restored_lines(*each)),
    )
    return outcomes


def _bases(record: Record, point: Point, loadings: Mapping[str, Loadable], restic: Restic) -> Mapping[str, Point]:
    """Return the earlier points that hold the base backups of what shall be loaded; raises UsageError."""
    points = points_in(record, restic.repository.id, point.system)
    return earlier_bases(points, point, loadings, sizes=_sizes(record, point.system, restic.repository.id))


def _restored(
    point: Point, wanted: Wanted, bases: Mapping[str, Point], doors: RestoreDoors
) -> Iterator[tuple[Restored, Wanted]]:
    """Restore the point, then the base backups that lie in earlier ones."""
    rest = without_bases(wanted, bases)
    yield restore_point(point, rest, doors), rest
    for source, base in bases.items():
        only = only_base(wanted, source)
        yield restore_point(base, only, doors), only


def _wanted(asked: Asked) -> Wanted:
    """Return what is wanted; raises UsageError for options that exclude each other or leave something open."""
    if asked.in_place == (asked.target is not None):
        advice = message("add --target FOLDER, a new one; or --in-place --confirm {system}", system=asked.system)
        raise UsageError(message("where to restore to must be told, once"), advice=advice)
    if asked.in_place and asked.loads:
        advice = message("load from a new folder: --target FOLDER --load SOURCE=NAME --replace NAME")
        raise UsageError(message("--in-place is for files"), advice=advice)
    if asked.in_place:
        _confirm(asked)
    for path in asked.paths:
        if not path.startswith("/"):
            raise UsageError(
                message("{path} is not an absolute path", path=path),
                advice=message("name a path as it was where it was saved, such as /srv/www/index.html"),
            )
    return Wanted(
        folder=(asked.target or Path("/")).absolute(),
        place=Place.IN_PLACE if asked.in_place else Place.NEW,
        sources=asked.sources,
        paths=asked.paths,
        loads=_loads(asked),
        typed=asked.replaces,
    )


def _confirm(asked: Asked) -> None:
    """Have the system's name typed; raises UsageError without it, and for another name."""
    typed = asked.confirm
    if not typed and sys.stdin.isatty():
        sys.stderr.write(_("files will be written over; type the system's name to go on: "))
        sys.stderr.flush()
        typed = sys.stdin.readline().strip()
    if typed != asked.system:
        what = message("files are written over only when the system's name is typed")
        raise UsageError(what, advice=message("add --confirm {system}", system=asked.system))


def _loads(asked: Asked) -> Mapping[str, str]:
    pairs = dict(each.partition("=")[::2] for each in asked.loads)
    for source, into in pairs.items():
        if not source or not into:
            raise UsageError(
                message("--load wants SOURCE=NAME"), advice=message("such as --load database=records_back")
            )
    for name in asked.replaces:
        if name not in pairs.values():
            what = message("--replace {name} names no database of a --load", name=name)
            raise UsageError(what, advice=message("such as --load database={name} --replace {name}", name=name))
    return pairs


def _loadings(named: str | None, asked: Asked, wanted: Wanted) -> Mapping[str, Loadable]:
    """Return how the sources that shall be loaded are; the plans are read for that only. Raises UsageError."""
    if not wanted.loads:
        return {}
    from sec_ops.cli.backup._loading import loadable

    loadings = {source: loadable(named, asked.system, source) for source in wanted.loads}
    for source, into in wanted.loads.items():
        refuse_occupied(loadings[source].source, loadings[source].order, into, wanted.typed)
    return loadings


def _opened(named: str | None, site: Site, asked: Asked) -> Restic:
    """Return the repository to restore from, the plan's own unless one is named; raises UsageError without either."""
    name = asked.repository
    if not name:
        from sec_ops.cli.backup._loading import plan_of

        name = plan_of(named, asked.system).repository
    return opened(site, named_repositories(site, [name]))[0]


def _point(record: Record, restic: Restic, asked: Asked) -> Point | Judged:
    """Return the point to restore, or why the repository can't be listed; one whose run is known is not listed."""
    name = restic.repository.id
    known = {each.run for each in points_in(record, name, asked.system)}
    if not asked.run or asked.run not in known:
        judged = listed_into(record, restic)
        if not judged.good:
            return judged
    sizes = _sizes(record, asked.system, name)
    return chosen_point(points_in(record, name, asked.system), asked.system, asked.run, sizes=sizes)


def _sizes(record: Record, system: str, repository: str) -> dict[str, int]:
    return {each.snapshot: each.counts.bytes_read for each in record.arrivals(system, repository)}


def _told(judged: Judged, asked: Asked, repository: str) -> Iterable[Outcome]:
    """Show why nothing could be restored."""
    emit(
        "sec-ops/backup-restore",
        {"system": asked.system, "repository": repository, **judged_document(judged)},
        outcomes=[judged.outcome],
        text=lambda: "\n".join(judged_lines(judged)),
    )
    return [judged.outcome]


def _refuse_other_hosts(point: Point, wanted: Wanted) -> None:
    """Refuse to write here what was saved elsewhere."""
    here = socket.gethostname()
    for part in point.parts:
        if part.source and wanted.takes(part.source) and part.host != here:
            what = message(
                "{source} was saved on {host}, and this is {here}", source=part.source, host=part.host, here=here
            )
            advice = message("restore it into a new folder there or here, and copy it from there")
            raise UsageError(what, advice=advice)
