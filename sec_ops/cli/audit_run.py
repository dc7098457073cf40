"""Doors and rooms of the audit commands, put together."""

import hashlib
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sec_ops.cli.invocation import current
from sec_ops.cli.output import line, note
from sec_ops.cli.sealing import evidence_of
from sec_ops.compliance.audit import read_sealed_result
from sec_ops.compliance.conduct import AuditRequest, Conductor
from sec_ops.compliance.gather import HostRecord
from sec_ops.compliance.rulebook import Rulebook, load_rulebook
from sec_ops.content.library import Library
from sec_ops.identity.approvals import ContentApprovals, read_approvals
from sec_ops.identity.people import load_people
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.audit import AuditResult
from sec_ops.model.evidence import ReportExported
from sec_ops.model.site import Collection
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import write_atomically
from sec_ops.runtime.run import Run
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.transport import local, ssh
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Reply, RunScript, Target

__all__ = ["AuditRequest", "export_report", "rulebook_of", "run_audit"]


def run_audit(site: Site, request: AuditRequest) -> AuditResult:
    """Conduct an audit of a site with the system's own doors."""
    library = Library.open(site.root)
    rulebook = _rulebook(site, library)

    def inventory() -> Inventory:
        return load_inventory(site.root, run_program, library=library, cache=site.state / "inventory")

    collection = load_configuration(site).collection
    with evidence_of(site) as log:
        conductor = Conductor(
            site=site,
            collection=collection,
            rulebook=rulebook,
            log=log,
            inventory=inventory,
            visit=_visits(collection),
            visit_here=_visits_here(collection),
            clock=SystemClock(),
            randomness=secrets.token_bytes,
            progress=_progress,
        )
        return conductor.conduct(request)


def _visits(collection: Collection) -> RunScript:
    def visit(targets: Sequence[Target], script: bytes) -> Iterator[Reply]:
        return ssh.run_script(
            targets,
            script,
            read_secret=Secrets(run_program=run_program),
            clock=SystemClock(),
            parallel=collection.parallel,
            output_bytes=collection.output_bound_bytes,
        )

    return visit


def _visits_here(collection: Collection) -> RunScript:
    def visit(targets: Sequence[Target], script: bytes) -> Iterator[Reply]:
        for target in targets:
            bound = collection.output_bound_bytes
            yield local.run_script(script, clock=SystemClock(), target=target, output_bytes=bound)

    return visit


def rulebook_of(site: Site | None) -> Rulebook:
    """Return the rulebook of a site, or of the shipped content alone."""
    return _rulebook(site, Library.open(site.root if site else None))


def export_report(site: Site, run: Run, form: str, output: Path, language: str) -> dict[str, Any]:
    """Write a report of a result as it was sealed, seal the report's digest, sign a checkpoint.

    Returns path, digest and size (bytes).
    """
    with evidence_of(site) as log:
        data = _rendered(read_sealed_result(run, log), form, language)
        digest = hashlib.sha256(data).hexdigest()
        entry = ReportExported(run=run.name, format=form, sha256=digest, size=len(data))
        write_atomically(output, data)
        log.append(ReportExported.kind, entry.model_dump(mode="json"))
    return {"run": run.name, "format": form, "path": str(output), "sha256": digest, "size": len(data)}


def _rulebook(site: Site | None, library: Library) -> Rulebook:
    people = load_people(library) if site else {}
    approvals = read_approvals(site.approvals) if site else ()
    return load_rulebook(library, ContentApprovals(approvals=approvals, people=people, run_program=run_program))


def _rendered(result: AuditResult, form: str, language: str) -> bytes:
    if form == "html":
        from sec_ops.reports.html import render_html

        return render_html(result, language)
    if form == "xlsx":
        from sec_ops.reports.xlsx import render_xlsx

        return render_xlsx(result, language)
    from sec_ops.model.canonical import canonical_json
    from sec_ops.reports.json import audit_document

    return canonical_json(audit_document(result, language)) + b"\n"


def _progress(record: HostRecord) -> None:
    """Tell of each host as it is done: a line of the stream with `--jsonl`, else a line on a terminal."""
    if current().form == "jsonl":
        names = {"name", "address", "state", "error", "elapsed_ms"}
        line("host", record.model_dump(mode="json", include=names))
    elif sys.stderr.isatty():
        note(f"  {record.state:<10} {record.name}")
