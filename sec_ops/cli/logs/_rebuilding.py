"""A rebuild as the command line does it: rooms opened, what was found and came of it told and sealed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from sec_ops.cli.logs._detecting import detecting, take_turn
from sec_ops.cli.logs._store import fields_of
from sec_ops.cli.output import emit, note
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.library import Library
from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence_rebuilt import LogsRebuilt
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.embedded.damage import Lacking
from sec_ops.siem.embedded.health import FileFault
from sec_ops.siem.embedded.mending import SET_ASIDE
from sec_ops.siem.parse.loading import load_understanding
from sec_ops.siem.raw.layout import segment_path
from sec_ops.siem.raw.salvage import LossKind, RawLoss
from sec_ops.siem.rebuilding.rebuilding import Rebuilder, Rebuilt
from sec_ops.siem.rebuilding.sealed import Sealed, read_sealed
from sec_ops.siem.watching import Watcher

__all__ = ["rebuild_site"]

_SHOWN = 20
_FAULTS = {
    FileFault.GONE: message("is gone"),
    FileFault.SIZE: message("has another length than it was written with"),
    FileFault.CHANGED: message("has other bytes than it was written with"),
}
_LOSSES = {
    LossKind.EXPIRED: message("retention let it go"),
    LossKind.GONE: message("the file is gone, and no retention says why"),
    LossKind.DAMAGED: message("the file can't be read from there on"),
    LossKind.CHANGED: message("the file is not what was sealed"),
}


def rebuild_site(site: Site, *, dry_run: bool) -> Iterable[Outcome]:
    """Make damaged events of a site again, or only look. Raises UsageError when others are at work."""
    if load_configuration(site).logs.store != "embedded":
        note(message("a cluster keeps the events and restores its own snapshots; only holds are looked after here"))
    with evidence_of(site) as log:
        sealed = read_sealed(log.entries())
    with ExitStack() as held:
        rebuilder = _rebuilder(site, sealed, None if dry_run else held)
        entries: list[int] = []
        found = rebuilder.look() if dry_run else rebuilder.rebuild(lambda rebuilt: entries.append(_seal(site, rebuilt)))
    outcomes = _outcomes(found, dry_run=dry_run)
    document = {"dry_run": dry_run, **_document(site, found), "entry": entries[-1] if entries else None}
    emit("sec-ops/logs-rebuild", document, outcomes=outcomes, text=lambda: "\n".join(_text(site, found, entries)))
    if dry_run and found.found:
        note(message("nothing was changed; next: {command}", command="sec-ops logs rebuild"))
    return outcomes


def _rebuilder(site: Site, sealed: Sealed, held: ExitStack | None) -> Rebuilder:
    settings = load_configuration(site).logs
    return Rebuilder(
        folder=site.logs,
        types=fields_of(site),
        understand=load_understanding(Library.open(site.root), settings.zone),
        clock=SystemClock(),
        sealed=sealed,
        tell=lambda stream: note(message("reading the raw records of stream {stream} again", stream=stream)),
        watcher=_watcher(site, held) if held and settings.store == "embedded" else None,
        holds_events=settings.store == "embedded",
    )


def _watcher(site: Site, held: ExitStack) -> Callable[[], Watcher | None]:
    """Return what has live detection judge the events it did not see before the store was lost."""

    def entered() -> Watcher | None:
        if not held.enter_context(take_turn(site, lambda: True)):
            advice = message("stop listeners, pulls and imports, then run the command again")
            raise UsageError(message("live detection is at work"), advice=advice)
        return held.enter_context(detecting(site))

    return entered


def _seal(site: Site, rebuilt: Rebuilt) -> int:
    days = [day.day for day in rebuilt.days]
    data = LogsRebuilt(
        manifest_lost=rebuilt.manifest_lost,
        files=len(rebuilt.files),
        events_lost=rebuilt.lost,
        events_rebuilt=rebuilt.remade,
        events_lacking=rebuilt.lacking,
        raw_losses=len(rebuilt.losses),
        first_day=min(days, default=""),
        last_day=max(days, default=""),
    )
    blob = canonical_json(_document(site, rebuilt))
    with evidence_of(site) as log:
        return log.append(LogsRebuilt.kind, data.model_dump(mode="json"), blob=blob, media_type="application/json")


def _outcomes(found: Rebuilt, *, dry_run: bool) -> list[Outcome]:
    incomplete = found.found if dry_run else found.lacking or (found.manifest_lost and found.losses)
    return [*([Outcome.INCOMPLETE] if incomplete else []), *([Outcome.EVIDENCE_BROKEN] if found.broken else [])]


def _document(site: Site, found: Rebuilt) -> dict[str, Any]:
    return {
        "manifest_lost": found.manifest_lost,
        "files": [
            {
                "path": each.path,
                "dataset": each.dataset,
                "day": each.day,
                "events": each.rows,
                "fault": each.fault.value,
            }
            for each in found.files
        ],
        "days": [
            {"dataset": day.dataset, "day": day.day, "lost": day.lost, "rebuilt": day.remade} for day in found.days
        ],
        "lost": found.lost,
        "rebuilt": found.remade,
        "lacking": found.lacking,
        "raw_losses": [_loss(site, each) for each in found.losses],
        "set_aside": str(site.logs / SET_ASIDE / found.aside) if found.aside else "",
    }


def _file(each: Lacking) -> dict[str, Any]:
    return {
        "path": each.path,
        "dataset": each.dataset,
        "day": each.day,
        "events": each.rows,
        "sha256": each.sha256,
        "fault": each.fault.value,
    }


def _loss(site: Site, loss: RawLoss) -> dict[str, Any]:
    return {
        "stream": loss.stream,
        "segment": loss.segment,
        "path": str(segment_path(site.logs / "raw" / loss.stream, loss.segment)),
        "reason": loss.kind.value,
        "first": loss.first,
        "last": loss.last,
        "records": loss.records,
    }


def _text(site: Site, found: Rebuilt, entries: Sequence[int]) -> Iterator[str]:
    if not found.found:
        yield _("every event file is what was written")
        return
    if found.manifest_lost:
        yield _("the manifest of the event store is lost: everything is made again")
    for each in found.files[:_SHOWN]:
        counted = _("{count} events").format(count=each.rows)
        yield f"{printable(each.path)}: {render(_FAULTS[each.fault])}, {counted}"
    if len(found.files) > _SHOWN:
        yield _("{count} more files").format(count=len(found.files) - _SHOWN)
    yield from _came_of_it(site, found, entries)


def _came_of_it(site: Site, found: Rebuilt, entries: Sequence[int]) -> Iterator[str]:
    for loss in found.losses:
        place = f"{segment_path(site.logs / 'raw' / loss.stream, loss.segment)} ({loss.first}-{loss.last or '?'})"
        count = "?" if loss.records is None else loss.records
        yield _("raw records lacking: {place}: {reason}, {count} records").format(
            place=printable(place), reason=render(_LOSSES[loss.kind]), count=count
        )
    if entries and found.manifest_lost:
        yield _("made again: {count} events").format(count=found.remade)
    elif entries:
        yield _("made again: {count} of {lost} events").format(count=found.remade, lost=found.lost)
        if found.lacking:
            yield _("could not be made again: {count} events").format(count=found.lacking)
    if found.lacking and found.broken:
        yield _("restore var/logs/raw from its backup and run the command again: what is lacking stays known")
    if found.aside:
        yield _("what was damaged lies in {folder} until it is as old as logs are kept").format(
            folder=site.logs / SET_ASIDE / found.aside
        )
    if entries:
        yield _("sealed as entry {number}").format(number=entries[-1])
