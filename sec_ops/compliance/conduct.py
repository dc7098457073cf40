"""Conducting an audit: from what was asked to the scope, the visit and the sealed result."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.compliance.audit import Auditor, read_gathered, read_run_operations, read_scope
from sec_ops.compliance.collector import collector_digest, collector_script
from sec_ops.compliance.frames import read_header
from sec_ops.compliance.gather import Gathered, Gathering, PackFile, Progress, gather_packs, gather_replies
from sec_ops.compliance.operational import Operations, read_operations
from sec_ops.compliance.rulebook import Rulebook
from sec_ops.compliance.scope import LOCAL, PACKS, AuditScope
from sec_ops.evidence.log import EvidenceLog
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.targets import targets_of
from sec_ops.model.audit import AuditResult
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence import AuditCollector
from sec_ops.model.fact import Provenance
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Randomness
from sec_ops.model.site import Collection
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.run import Run, create_run, find_run
from sec_ops.runtime.site import Site
from sec_ops.transport.local import local_target
from sec_ops.transport.values import RunScript

__all__ = ["AuditRequest", "Conductor"]

PACK_BOUND = 67_108_864


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRequest:
    """What was asked: a system or pattern of the inventory, this machine, or facts that are there already."""

    system: str = ""
    hosts: str = ""
    local: bool = False
    level: int | None = None
    sources: tuple[str, ...] = ()
    nonce: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conductor:
    """Everything an audit needs from outside. `inventory` is only read when the request is about it.

    `visit` runs the collector on hosts, `visit_here` on this machine.
    """

    site: Site
    collection: Collection
    rulebook: Rulebook
    log: EvidenceLog
    inventory: Callable[[], Inventory]
    visit: RunScript
    visit_here: RunScript
    clock: Clock
    randomness: Randomness
    progress: Progress

    def conduct(self, request: AuditRequest) -> AuditResult:
        """Return the sealed result.

        Raises UsageError and ContentInvalid before anything is visited, StorageError when our own disk refuses; a host
        that can't be read is in the result, not an error.
        """
        started_at = utc_text(self.clock.now())
        past = self._past(request)
        if past:
            scope, gather = self._from_past(past, request.level)
        elif request.sources:
            scope, gather = self._from_packs(request)
        else:
            scope, gather = self._from_hosts(request)
        run = create_run(self.site.runs, "audit", clock=self.clock, randomness=self.randomness)
        run.write("request.json", _document(request))
        auditor = Auditor(
            rulebook=self.rulebook,
            log=self.log,
            run=run,
            clock=self.clock,
            operations=self._operations(past, started_at),
            judged_from=past.name if past else "",
        )
        return auditor.conclude(scope, gather(run), started_at)

    def _operations(self, past: Run | None, started_at: str) -> Operations:
        """Return what operations have sealed by now, or had when a past run was judged."""
        before = read_run_operations(past) if past else None
        kinds = {loaded.value.evidence for loaded in self.rulebook.operational.values()}
        return before or read_operations(self.log, kinds, started_at)

    def _from_hosts(self, request: AuditRequest) -> tuple[AuditScope, Callable[[Run], Gathered]]:
        if request.local:
            name = socket.gethostname()
            targets = [local_target(name, deadline_seconds=self.collection.host_deadline_seconds)]
            scope = AuditScope.of_names(LOCAL, [name], request.level)
        else:
            inventory = self.inventory()
            scope = AuditScope.of_inventory(
                inventory, system=request.system, pattern=request.hosts, level=request.level
            )
            targets = targets_of(
                scope.hosts,
                inventory.hosts,
                known_hosts=self.site.root / self.collection.known_hosts,
                deadline_seconds=self.collection.host_deadline_seconds,
            )
        visit = self.visit_here if request.local else self.visit
        nonce = self.randomness(16).hex()
        script = collector_script(self.rulebook.probes, nonce=nonce)
        replies = visit(targets, script)

        def gather(run: Run) -> Gathered:
            sent = AuditCollector(run=run.name, collector_sha256=collector_digest(script), nonce=nonce)
            self.log.append(sent.kind, sent.model_dump(mode="json"), blob=script, media_type="text/x-shellscript")
            return gather_replies(self._gathering(run, nonce), targets, replies)

        return scope, gather

    def _past(self, request: AuditRequest) -> Run | None:
        if len(request.sources) == 1 and not Path(request.sources[0]).exists():
            return find_run(self.site.runs, request.sources[0], verb="audit")
        return None

    def _from_past(self, past: Run, level: int | None) -> tuple[AuditScope, Callable[[Run], Gathered]]:
        return read_scope(past).at_level(level), lambda _run: read_gathered(past)

    def _from_packs(self, request: AuditRequest) -> tuple[AuditScope, Callable[[Run], Gathered]]:
        files = [_pack_file(Path(source), request.nonce) for source in request.sources]
        _refuse_twice([file.name for file in files])
        scope = AuditScope.of_names(PACKS, [file.name for file in files], request.level)
        return scope, lambda run: gather_packs(self._gathering(run, ""), files)

    def _gathering(self, run: Run, nonce: str) -> Gathering:
        return Gathering(
            log=self.log,
            run=run.name,
            probes={probe.id: probe for probe in self.rulebook.probes},
            clock=self.clock,
            nonce=nonce,
            progress=self.progress,
        )


def _pack_file(path: Path, nonce: str) -> PackFile:
    """Return a fact pack that was brought; it names its host itself, and repeats the nonce it was given, if any.

    Raises UsageError.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(PACK_BOUND)
    except OSError as error:
        what = message("could not read the fact pack {path}: {reason}", path=path, reason=error.strerror or "?")
        raise UsageError(what) from error
    header = read_header(data)
    if header is None:
        advice = message("make one on the host: sh collector.sh > facts")
        raise UsageError(message("{path} is no fact pack", path=path), where=str(path), advice=advice)
    if nonce and header.nonce != nonce:
        what = message(
            "{path} repeats the nonce {found}, not {nonce}", path=path, found=header.nonce or "-", nonce=nonce
        )
        advice = message("these facts are old or of another collector: have the collector run again")
        raise UsageError(what, where=str(path), advice=advice)
    return PackFile(name=header.host or path.stem, data=data, provenance=Provenance.SELF_REPORTED)


def _refuse_twice(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(message("several fact packs are of one host: {names}", names=", ".join(twice)))


def _document(request: AuditRequest) -> dict[str, object]:
    return {
        "system": request.system,
        "hosts": request.hosts,
        "local": request.local,
        "level": request.level,
        "sources": list(request.sources),
        "nonce": request.nonce,
    }
