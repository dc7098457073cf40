"""`sec-ops audit`: run, show, export, collector."""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, note
from sec_ops.model.check import Severity
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.model.text import printable
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language
from sec_ops.runtime.site import find_site, site_if_any

app = typer.Typer(
    help=_("Graded-protection audits: collect facts, judge clauses, report."),
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
NONCE = re.compile(r"[A-Za-z0-9._-]{0,128}")
FORMATS = ("html", "xlsx", "json")


@app.command(help=_("Audit key systems, chosen hosts, this machine, or facts that were brought."))
def run(
    system: Annotated[str, typer.Option(metavar="ID", help=_("one key system of the inventory; default: all"))] = "",
    hosts: Annotated[str, typer.Option(metavar="PATTERN", help=_("hosts, groups or globs: web*:db:!db-3"))] = "",
    local: Annotated[bool, typer.Option("--local", help=_("audit this machine"))] = False,  # noqa: FBT002
    level: Annotated[int | None, typer.Option(min=1, max=4, help=_("level; default: the system's own, else 3"))] = None,
    source: Annotated[
        list[str] | None, typer.Option("--from", metavar="FACTS", help=_("fact packs, or a past run to judge again"))
    ] = None,
    nonce: Annotated[str, typer.Option(metavar="WORD", help=_("the word that brought facts must repeat"))] = "",
    fail_on: Annotated[Severity, typer.Option(help=_("least severity that makes the exit code 1"))] = Severity.LOW,
) -> Iterable[Outcome]:
    """Gather, seal, judge; show the verdicts, worst first."""
    from sec_ops.cli.audit_run import AuditRequest, run_audit
    from sec_ops.compliance.audit import outcomes_of

    chosen = [bool(system or hosts), local, bool(source)]
    if sum(chosen) > 1:
        raise UsageError(message("choose one of --system/--hosts, --local and --from"))
    request = AuditRequest(
        system=system, hosts=hosts, local=local, level=level, sources=tuple(source or ()), nonce=nonce
    )
    result = run_audit(find_site(current().site), request)
    outcomes = outcomes_of(result, fail_on=fail_on)
    _emit(result, outcomes, "sec-ops/audit-run")
    if current().form == "text":
        note(message("next: {command}", command=f"sec-ops audit export {result.run} --format html --output FILE"))
    return outcomes


@app.command(help=_("Show a past audit again."))
def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help=_("a run's name, its unique end, or latest"))] = "latest",
) -> Iterable[Outcome]:
    """Show the result as it was judged then; nothing is visited, nothing judged again."""
    from sec_ops.compliance.audit import outcomes_of, read_result
    from sec_ops.runtime.run import find_run

    result = read_result(find_run(find_site(current().site).runs, name, verb="audit"))
    outcomes = outcomes_of(result)
    _emit(result, outcomes, "sec-ops/audit-show")
    return outcomes


@app.command(help=_("Write a report of a past audit: html, xlsx or json."))
def export(
    name: Annotated[str, typer.Argument(metavar="RUN", help=_("a run's name, its unique end, or latest"))],
    form: Annotated[str, typer.Option("--format", metavar="|".join(FORMATS), help=_("form of the report"))],
    output: Annotated[Path, typer.Option(metavar="FILE", help=_("the file to write"))],
) -> Iterable[Outcome]:
    """Render the result, write it, and seal its digest."""
    from sec_ops.cli.audit_run import export_report
    from sec_ops.runtime.run import find_run

    if form not in FORMATS:
        raise UsageError(
            message("no report has the format {format}; there are {formats}", format=form, formats=", ".join(FORMATS))
        )
    site = find_site(current().site)
    exported = export_report(site, find_run(site.runs, name, verb="audit"), form, output, language())
    emit("sec-ops/audit-export", exported, text=lambda: f"{printable(exported['path'])}  sha256:{exported['sha256']}")
    return ()


@app.command(help=_("Write the collector script: for a host we can't reach, or to pin on one we can."))
def collector(
    output: Annotated[Path | None, typer.Option(metavar="FILE", help=_("the file to write; default: stdout"))] = None,
    nonce: Annotated[str, typer.Option(help=_("a word of your own that the facts must repeat"))] = "",
) -> Iterable[Outcome]:
    """Write the script that reads the facts of all checks; it changes nothing and takes no arguments."""
    import hashlib

    from sec_ops.cli.audit_run import rulebook_of
    from sec_ops.compliance.collector import collector_digest, collector_script
    from sec_ops.runtime.files import write_atomically

    if not NONCE.fullmatch(nonce):
        advice = message("for example: --nonce {example}", example="school-7-2026")
        raise UsageError(message("a nonce has letters, digits and ._- only, 128 at most"), advice=advice)
    script = collector_script(rulebook_of(site_if_any(current().site)).probes, nonce=nonce)
    body = {"sha256": hashlib.sha256(script).hexdigest(), "digest": collector_digest(script)}
    if output is None:
        emit("sec-ops/audit-collector", {**body, "script": script.decode()}, text=script.decode)
        return ()
    write_atomically(output, script, mode=0o755)
    where = {"path": str(output), **body}
    emit("sec-ops/audit-collector", where, text=lambda: f"{printable(str(output))}  sha256:{body['sha256']}")
    return ()


def _emit(result: Any, outcomes: Iterable[Outcome], schema: str) -> None:  # noqa: ANN401 - AuditResult, imported lazily
    from sec_ops.reports.json import audit_document
    from sec_ops.reports.terminal import render_terminal

    emit(
        schema,
        audit_document(result, language()) if current().form != "text" else {},
        outcomes=outcomes,
        text=lambda: render_terminal(result, language(), width=_width(), color=_color()),
    )


def _width() -> int:
    import shutil

    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 160))


def _color() -> str:
    if current().color == "never" or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return "never"
    return "always" if sys.stdout.isatty() or os.environ.get("FORCE_COLOR") else "never"
