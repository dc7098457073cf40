"""An import as the command line does it: rooms opened, progress shown, what was left out told."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sec_ops.cli.failure import warn
from sec_ops.cli.logs._store import open_store
from sec_ops.cli.output import emit, note
from sec_ops.cli.progress import Progress
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.kinds import PARSERS
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.errors import SecOpsError, UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.archives.finding import find
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.site import Site
from sec_ops.siem.importing.importer import STDIN, Imported, Importer, ImportOptions
from sec_ops.siem.importing.intake import Intake
from sec_ops.siem.importing.unwrapping import Loss, Unread
from sec_ops.siem.importing.windows import WORKER
from sec_ops.siem.index.follow import Follower
from sec_ops.siem.index.stream import Counts
from sec_ops.siem.parse.decoding import known_encoding
from sec_ops.siem.parse.loading import field_types, load_understanding
from sec_ops.siem.parse.moments import zone_named
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.raw.sealing import seal_raw
from sec_ops.siem.storing import EventStore
from sec_ops.siem.understanding import Understand
from sec_ops.siem.watching import Watcher
from sec_ops.transport.process import run_program
from sec_ops.transport.worker import Worker

__all__ = ["import_paths"]

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    imported: Imported
    counts: Counts


def import_paths(site: Site, paths: Sequence[Path], options: ImportOptions) -> Iterable[Outcome]:
    """Import paths into a site; return how it came out. Raises UsageError for options that can't be."""
    library = Library.open(site.root)
    _check(options, library)
    _warn_of_strangers(site, options)
    done = _imported(site, library, paths, options)
    outcomes = [*_outcomes(done), *_sealed(site)]
    emit("sec-ops/logs-import", _document(done), outcomes=outcomes, text=lambda: "\n".join(_text(done)))
    return outcomes


def _check(options: ImportOptions, library: Library) -> None:
    known = library.objects(PARSERS)
    if options.parser and options.parser not in known:
        what = message("no parser is called {name}", name=options.parser)
        raise UsageError(what, advice=message("there are: {names}", names=", ".join(sorted(known))))
    if options.zone and zone_named(options.zone) is None:
        advice = message("use a name such as Asia/Shanghai or UTC")
        raise UsageError(message("there is no time zone {name}", name=options.zone), advice=advice)
    if options.encoding and not known_encoding(options.encoding):
        advice = message("use a name such as utf-8, gb18030 or utf-16")
        raise UsageError(message("there is no encoding {name}", name=options.encoding), advice=advice)


def _warn_of_strangers(site: Site, options: ImportOptions) -> None:
    """Say that a host or a unit isn't in the inventory: a slip can't be taken back once records are kept."""
    if not (options.host or options.unit):
        return
    from sec_ops.inventory.loading import load_inventory

    try:
        inventory = load_inventory(site.root, run_program, cache=site.state)
    except SecOpsError as error:
        note(error.what)
        return
    if options.host and options.host not in inventory.hosts:
        note(message("warning: no host of the inventory is called {name}", name=options.host))
        _advise(did_you_mean(options.host, inventory.hosts))
    if options.unit and options.unit not in inventory.units:
        note(message("warning: no unit of the inventory has the id {id}", id=options.unit))
        _advise(did_you_mean(options.unit, inventory.units))


def _advise(advice: Message | None) -> None:
    if advice:
        note(advice)


def _imported(site: Site, library: Library, paths: Sequence[Path], options: ImportOptions) -> _Done:
    understand = load_understanding(library, load_configuration(site).logs.zone)
    clock = SystemClock()
    progress = Progress()
    with (
        open_store(site, field_types(library)) as store,
        RawLog.open(site.logs, clock=clock) as log,
        Worker(WORKER) as worker,
    ):
        with Intake(
            site.logs, log, store=store, understand=understand, clock=clock, watcher=_passing_over(site)
        ) as intake:
            importer = Importer(intake, options=options, ask=worker.ask, progress=progress)
            _take(importer, paths, f"stdin-{clock.now():%Y%m%dT%H%M%S%f}")
        progress.clear()
        _index_the_rest(site, log, store, understand)
    return _Done(imported=importer.imported, counts=intake.counts)


def _take(importer: Importer, paths: Sequence[Path], stdin_name: str) -> None:
    files = [path for path in paths if str(path) != STDIN]
    for found in find(files):
        importer.take(found)
    if len(files) < len(paths):
        importer.take_stream(sys.stdin.buffer, stdin_name)


def _passing_over(site: Site) -> Watcher | None:
    """Return what tells live detection, where there is any, that imported events are none of its own."""
    from sec_ops.detection.database import DATABASE, open_database

    path = site.var / DATABASE
    if not path.exists():
        return None
    from sec_ops.workflows.passing_over import PassingOver

    return PassingOver(lambda: open_database(path), warn)


def _index_the_rest(site: Site, log: RawLog, store: EventStore, understand: Understand) -> None:
    """Make events of what earlier processes took and did not come to understand, unless another does that already."""
    committed = store.committed()
    if all(name in committed and state.sequence <= committed[name].sequence for name, state in log.streams().items()):
        return
    from sec_ops.cli.logs._detecting import detecting, take_turn

    with take_turn(site, lambda: True) as mine:
        if not mine:
            return
        with detecting(site) as watcher:
            Follower(
                site.logs, store=store, understand=understand, clock=SystemClock(), failed=warn, watcher=watcher
            ).finish()


def _sealed(site: Site) -> list[Outcome]:
    """Seal what the raw log has become; records that can't be sealed now are sealed by the next who comes."""
    try:
        with evidence_of(site) as evidence:
            seal_raw(site.logs, evidence)
    except SecOpsError as error:
        note(message("the records are kept but not sealed: {reason}", reason=error.what))
        return [error.outcome]
    return []


def _outcomes(done: _Done) -> list[Outcome]:
    lost = any(each.loss is not Loss.NONE for each in done.imported.unread)
    return [Outcome.INCOMPLETE] if lost or done.counts.unparsed or done.imported.cut_bytes else []


def _document(done: _Done) -> dict[str, Any]:
    listed = {loss: [_entry(each) for each in done.imported.unread if each.loss is loss] for loss in Loss}
    return {
        "files": done.imported.files,
        "records": done.imported.records,
        "events": done.counts.events,
        "unparsed": done.counts.unparsed,
        "cut_bytes": done.imported.cut_bytes,
        "skipped": listed[Loss.SKIPPED] + listed[Loss.NONE],
        "incomplete": listed[Loss.INCOMPLETE],
    }


def _entry(each: Unread) -> dict[str, str]:
    return {"path": each.name, "reason": render(each.reason)}


def _text(done: _Done) -> Iterable[str]:
    counts = {"files": done.imported.files, "events": done.counts.events, "unparsed": done.counts.unparsed}
    yield _("{files} files, {events} events, {unparsed} of them not understood").format(**counts)
    if done.imported.cut_bytes:
        yield _("{count} bytes of lines too long were left out").format(count=done.imported.cut_bytes)
    yield from _left_out(done.imported.unread, lambda each: each.loss is Loss.INCOMPLETE, _("incomplete:"))
    yield from _left_out(done.imported.unread, lambda each: each.loss is not Loss.INCOMPLETE, _("left out:"))


def _left_out(unread: Sequence[Unread], wanted: Callable[[Unread], bool], title: str) -> Iterable[str]:
    chosen = [each for each in unread if wanted(each)]
    if not chosen:
        return
    yield title
    for each in chosen[:_SHOWN]:
        yield f"  {printable(each.name)}: {render(each.reason)}"
    rest = Counter(render(each.reason) for each in chosen[_SHOWN:])
    for reason, count in rest.most_common():
        yield "  " + _("{count} more: {reason}").format(count=count, reason=reason)
