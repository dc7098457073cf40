"""Lays the numbers out as text; colour only where the caller's terminal takes it, and never alone."""

import io
from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text as Line

from sec_ops.model.audit import AuditedSystem, AuditResult, ClauseResult
from sec_ops.model.text import printable
from sec_ops.model.verdict import Verdict
from sec_ops.reports import view
from sec_ops.reports.words import SIGNS, Words, words

__all__ = ["render_terminal"]

GAPS_SHOWN = 20
CHECKS_SHOWN = 4
_STYLES = {
    Verdict.COMPLIANT: "green",
    Verdict.PARTIAL: "yellow",
    Verdict.NON_COMPLIANT: "bold red",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.UNDETERMINED: "magenta",
    Verdict.MANUAL: "cyan",
}


def render_terminal(result: AuditResult, language: str, *, width: int, color: str) -> str:
    """Return the audit as text of `width` columns; `color` is `always` or `never`."""
    spoken = words(language)
    page = io.StringIO()
    console = Console(
        file=page, width=width, force_terminal=color == "always", no_color=color != "always", highlight=False
    )
    for block in _blocks(result, spoken):
        console.print(block)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _blocks(result: AuditResult, words: Words) -> Iterator[RenderableType]:
    _ = words.translate
    seen = sum(host.state == "collected" for host in result.hosts)
    yield Line(
        _("Audit {run} · GB/T 22239-2019 level {level} · hosts read {seen} of {all}").format(
            run=result.run, level=result.level, seen=seen, all=len(result.hosts)
        )
    )
    if result.interrupted:
        yield Line(_("INTERRUPTED: what had been collected is judged, the rest is undetermined"), style="bold red")
    yield from _counts(result, words)
    yield from _gaps(result, words)
    yield from _unseen(result, words)
    if result.disabled:
        off = _("Switched off by the site: {checks}").format(checks=", ".join(result.disabled))
        yield Line(printable(off), style="bold magenta")


def _counts(result: AuditResult, words: Words) -> Iterator[Line]:
    for system in result.systems:
        own = [clause for clause in result.clauses if clause.system == system.id]
        line = Line(f"{_title(system, words)} · " + words.translate("{count} clauses").format(count=len(own)))
        for verdict, count in view.totals(own).items():
            line.append("\n  ").append(
                f"{count:>4} {words.signed(verdict)}", style=_STYLES[verdict] if count else "dim"
            )
        yield line
    checks = view.check_totals(result.findings)
    said = " · ".join(f"{count} {words.signed(verdict)}" for verdict, count in checks.items() if count)
    yield Line(words.translate("Checks on hosts: {counts}").format(counts=said or "0"))


def _title(system: AuditedSystem, words: Words) -> str:
    return printable(f"{system.name.spoken(words.language)} {system.grading}")


def _gaps(result: AuditResult, words: Words) -> Iterator[RenderableType]:
    _ = words.translate
    gaps = view.gaps(result.clauses)
    if not gaps:
        yield Line(_("No clause failed."))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=_("Gaps, worst first"), title_justify="left")
    table.add_column(_("Clause"), no_wrap=True)
    table.add_column(_("Verdict"), no_wrap=True)
    table.add_column(_("Demand"), ratio=2, overflow="fold")
    table.add_column(_("What failed"), ratio=3, overflow="fold")
    for clause in gaps[:GAPS_SHOWN]:
        verdict = Line(words.signed(clause.verdict), style=_STYLES[clause.verdict])
        table.add_row(clause.id, verdict, _demand(clause, words), _failed(clause, result, words))
    yield table
    if len(gaps) > GAPS_SHOWN:
        yield Line(
            _("… and {count} more; the whole list: {command}").format(
                count=len(gaps) - GAPS_SHOWN, command=f"sec-ops audit export {result.run} --format html --output FILE"
            )
        )


def _demand(clause: ClauseResult, words: Words) -> Line:
    line = Line(printable(clause.statement.spoken(words.language)))
    if clause.high_risk:
        line.append(f" [{words.translate('High risk')} {' '.join(clause.high_risk)}]", style="bold red")
    return line


def _failed(clause: ClauseResult, result: AuditResult, words: Words) -> Line:
    """Return the failed checks, with the number of hosts they failed on when there are several."""
    failed = view.failed_checks(clause, result.findings)
    lines = [
        f"{SIGNS[group.verdict]}\N{NO-BREAK SPACE}{group.findings[0].title.spoken(words.language)}"
        + (f" ({len(group.findings)})" if len(result.hosts) > 1 else "")
        for group in failed[:CHECKS_SHOWN]
    ]
    if len(failed) > CHECKS_SHOWN:
        lines.append(words.translate("… and {count} more").format(count=len(failed) - CHECKS_SHOWN))
    return Line(printable("\n".join(lines)) or words.said(clause.reason))


def _unseen(result: AuditResult, words: Words) -> Iterator[RenderableType]:
    _ = words.translate
    for host in result.hosts:
        if not host.known_platform and host.state != "failed":
            text = _("{host}: the distribution {name} is not known to this program; nothing about it is judged")
            yield Line(printable(text.format(host=host.name, name=host.distribution or "?")), style="bold magenta")
    unseen = view.unseen_hosts(result)
    if unseen:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, title=_("What could not be seen"), title_justify="left")
        for title in (_("Host"), _("State"), _("Reason")):
            table.add_column(title, overflow="fold")
        for host in unseen:
            reason = words.said(host.reason) if host.reason else printable(", ".join(host.unread[:6]))
            table.add_row(Line(printable(host.name)), Line(words.host_state(host.state)), Line(reason))
        yield table
