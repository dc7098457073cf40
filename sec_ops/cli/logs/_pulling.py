"""A pull as the command line does it: scope, doors, progress, the run's folder, what there is to show."""

import secrets
import socket
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sec_ops.cli.failure import warn
from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, line, note
from sec_ops.cli.table import table
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.loading import load_inventory
from sec_ops.inventory.log_sources import Expected, expected_sources
from sec_ops.inventory.targets import targets_of
from sec_ops.model.errors import IncompleteError, UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.site import Collection
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import render
from sec_ops.runtime.locks import tried
from sec_ops.runtime.run import create_run
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.siem.collect.outcome import host_document, host_state, note_pull, source_states
from sec_ops.siem.collect.puller import Puller
from sec_ops.siem.collect.scope import PULLED, Fetched, fetched_hosts, local_sources
from sec_ops.siem.collect.words import fault_text, gap_text
from sec_ops.siem.raw.log import RawLog
from sec_ops.transport import local, ssh
from sec_ops.transport.local import local_target
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Reply, RunScripts, Target

__all__ = ["PullRequest", "pull_logs"]

OUTPUT_BYTES = 67_108_864
"""Accepted of one visit: logs, an entry larger than usual, and lists of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """What was asked: a system or pattern of the inventory, or this machine; some sources only; only to look."""

    system: str = ""
    hosts: str = ""
    sources: tuple[str, ...] = ()
    local: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    expected: tuple[Expected, ...]
    targets: dict[str, Target]


def pull_logs(site: Site, request: PullRequest) -> Iterable[Outcome]:
    """Pull, show and keep what came of it; raises UsageError and ContentInvalid before anything is visited."""
    clock = SystemClock()
    collection = load_configuration(site).collection
    scope = _here(site, request) if request.local else _there(site, request, collection)
    started = utc_text(clock.now())
    with _alone(site), RawLog.open(site.logs, clock=clock) as raw:
        dry = "dry run" if request.dry_run else ""
        fetched = fetched_hosts(scope.expected, scope.targets, raw.positions, dry=dry)
        by_target = {id(each.pull): each for each in fetched}
        puller = Puller(
            visit=_visit_here if request.local else _visits(collection),
            store=raw.append,
            clock=clock,
            randomness=secrets.token_bytes,
            progress=lambda pull: _progress(by_target[id(pull)]),
        )
        interrupted = puller.pull([each.pull for each in fetched])
    if not request.dry_run and not interrupted:
        _index(site)
    document = _document(fetched, request, started, interrupted=interrupted)
    if fetched and not request.dry_run:
        _keep(site, clock, request, document)
    outcomes = _outcomes(fetched, interrupted=interrupted)
    emit(
        "sec-ops/logs-pull",
        document,
        outcomes=outcomes,
        text=lambda: _text(fetched) if fetched else _("the inventory names no log source that is fetched"),
    )
    return outcomes


def _index(site: Site) -> None:
    """Make events of what was fetched, and of what else nobody has understood yet.

    Where `logs listen` runs, its own process does that.
    """
    from sec_ops.cli.logs._detecting import detecting, take_turn
    from sec_ops.cli.logs._store import open_store
    from sec_ops.content.library import Library
    from sec_ops.siem.index.follow import Follower
    from sec_ops.siem.parse.loading import field_types, load_understanding

    library = Library.open(site.root)
    understand = load_understanding(library, load_configuration(site).logs.zone)
    with take_turn(site, lambda: True) as mine:
        if not mine:
            return
        with open_store(site, field_types(library)) as store, detecting(site) as watcher:
            Follower(
                site.logs,
                store=store,
                understand=understand,
                clock=SystemClock(),
                failed=warn,
                watcher=watcher,
            ).finish()


def _there(site: Site, request: PullRequest, collection: Collection) -> _Scope:
    inventory = load_inventory(site.root, run_program, cache=site.state / "inventory")
    expected = _chosen(inventory, request)
    names = dict.fromkeys(each.host for each in expected)
    targets = targets_of(
        [inventory.hosts[name] for name in names],
        inventory.hosts,
        known_hosts=site.root / collection.known_hosts,
        deadline_seconds=collection.host_deadline_seconds,
    )
    return _Scope(expected=expected, targets={target.name: target for target in targets})


def _chosen(inventory: Inventory, request: PullRequest) -> tuple[Expected, ...]:
    if request.system and request.system not in inventory.systems:
        advice = message("systems of the inventory: {names}", names=", ".join(sorted(inventory.systems)) or "-")
        raise UsageError(message("the inventory has no key system {name}", name=request.system), advice=advice)
    wanted = {host.name for host in inventory.select(request.hosts)} if request.hosts else set(inventory.hosts)
    found = tuple(
        each
        for each in expected_sources(inventory)
        if each.source.collect in PULLED
        and each.host in wanted
        and request.system in ("", each.system)
        and (not request.sources or each.source.id in request.sources)
    )
    if not found and (request.hosts or request.system or request.sources):
        raise UsageError(message("no log source of the inventory is fetched from these hosts"), advice=_NOTHING)
    if not found:  # a site that only receives or imports; its schedule must not fail for it
        note(_NOTHING)
    return found


_NOTHING = message("add log_sources to inventory/systems/*.yml, or fetch this machine's own: --local")


def _here(site: Site, request: PullRequest) -> _Scope:
    """Return this machine: what the inventory expects of it, else the usual logs."""
    name = socket.gethostname()
    inventory = load_inventory(site.root, run_program, cache=site.state / "inventory")
    known = tuple(each for each in expected_sources(inventory) if each.host == name and each.source.collect in PULLED)
    chosen = tuple(
        each for each in known or local_sources(name) if not request.sources or each.source.id in request.sources
    )
    if not chosen:
        raise UsageError(message("this machine has none of these log sources"))
    deadline = load_configuration(site).collection.host_deadline_seconds
    return _Scope(expected=chosen, targets={name: local_target(name, deadline_seconds=deadline)})


def _visits(collection: Collection) -> RunScripts:
    def visit(jobs: Sequence[tuple[Target, bytes]]) -> Iterator[Reply]:
        return ssh.run_scripts(
            jobs,
            read_secret=Secrets(run_program=run_program),
            clock=SystemClock(),
            parallel=collection.parallel,
            output_bytes=OUTPUT_BYTES,
        )

    return visit


def _visit_here(jobs: Sequence[tuple[Target, bytes]]) -> Iterator[Reply]:
    for target, script in jobs:
        yield local.run_script(script, clock=SystemClock(), target=target, output_bytes=OUTPUT_BYTES)


@contextmanager
def _alone(site: Site) -> Iterator[None]:
    """Let one pull at a time go on: two would fetch the same records."""
    path = make_folder(site.state) / "pull.lock"
    with tried(path) as mine:
        if not mine:
            what = message("another pull of this site is under way")
            advice = message("wait for it to end; its own records are safe")
            raise IncompleteError(what, where=str(path), advice=advice)
        yield


def _keep(site: Site, clock: SystemClock, request: PullRequest, document: dict[str, Any]) -> None:
    """Write the run's folder, and what each host came to for `logs status`."""
    run = create_run(site.runs, "pull", clock=clock, randomness=secrets.token_bytes)
    document["run"] = run.name
    run.write("request.json", {**asdict(request), "sources": list(request.sources)})
    run.write("result.json", document)
    run.seal()
    note_pull(site.state, document)


def _document(fetched: Sequence[Fetched], request: PullRequest, started: str, *, interrupted: bool) -> dict[str, Any]:
    hosts = [host_document(each) for each in fetched]
    sources = [source for host in hosts for source in host["sources"]]
    return {
        "run": None,
        "started_at": started,
        "dry_run": request.dry_run,
        "interrupted": interrupted,
        "hosts": hosts,
        "records": sum(source["records"] for source in sources),
        "bytes": sum(source["bytes"] for source in sources),
        "gaps": sum(len(source["gaps"]) for source in sources),
    }


def _outcomes(fetched: Sequence[Fetched], *, interrupted: bool) -> list[Outcome]:
    found = [Outcome.INTERRUPTED] if interrupted else []
    gaps = any(report.gaps for each in fetched for report in each.pull.reports)
    unread = any(host_state(each) != "collected" for each in fetched)
    return [*found, Outcome.INCOMPLETE] if gaps or unread else found


def _text(fetched: Sequence[Fetched]) -> str:
    words = {"collected": _("collected"), "incomplete": _("incomplete"), "failed": _("failed")}
    rows = [
        [
            each.pull.target.name,
            words[host_state(each)],
            str(sum(report.records for report in each.pull.reports)),
            str(sum(report.bytes for report in each.pull.reports)),
            str(sum(len(report.gaps) for report in each.pull.reports)),
        ]
        for each in fetched
    ]
    shown = table([_("host"), _("state"), _("records"), _("bytes"), _("gaps")], rows)
    return "\n".join([shown, *_troubles(fetched)])


def _troubles(fetched: Sequence[Fetched]) -> Iterator[str]:
    for each in fetched:
        if each.pull.error:
            yield render(each.pull.error.what)
            if each.pull.error.advice:
                yield "  " + render(each.pull.error.advice)
            continue
        for name, state in source_states(each):
            if state != "read":
                yield f"{name}: {render(fault_text(state))}"
        for report in each.pull.reports:
            for gap in report.gaps:
                yield f"{report.source}: {render(gap_text(gap.kind))}"


def _progress(fetched: Fetched) -> None:
    """Tell of each host as it is done: a line of the stream with `--jsonl`, else a line on a terminal."""
    if current().form == "jsonl":
        line("host", host_document(fetched))
    elif sys.stderr.isatty():
        note(f"  {host_state(fetched):<10} {fetched.pull.target.name}")
