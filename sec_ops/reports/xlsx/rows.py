"""The workbook's tables as plain rows, so that they can be compared with the numbers they came from. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.model.audit import AuditResult, ClauseResult, Finding, PartResult
from sec_ops.model.check import moves_verdict
from sec_ops.model.verdict import Verdict
from sec_ops.reports import view
from sec_ops.reports.words import WORST_FIRST, Words

__all__ = ["Sheet", "sheets"]

Cell = str | int
CELL_BOUND = 32_000  # a cell holds 32,767 characters


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: title, column headers with widths in characters, rows; `verdict_column` is coloured."""

    title: str
    columns: tuple[tuple[str, int], ...]
    rows: tuple[tuple[Cell, ...], ...]
    verdict_column: int | None = None


def sheets(result: AuditResult, words: Words) -> list[Sheet]:
    """Return the sheets of an audit: summary, records, gaps, hosts, evidence."""
    return [
        _summary(result, words),
        _records(result, words),
        _gaps(result, words),
        _hosts(result, words),
        _evidence(result, words),
    ]


def _summary(result: AuditResult, words: Words) -> Sheet:
    _ = words.translate
    columns = ((_("System"), 24), (_("Grading"), 12), (_("Group"), 12), (_("Number"), 12), (_("Name"), 28))
    counted = tuple((words.verdict(verdict), 10) for verdict in WORST_FIRST)
    rows: list[tuple[Cell, ...]] = []
    for system in result.systems:
        own = [clause for clause in result.clauses if clause.system == system.id]
        name = system.name.spoken(words.language)
        rows.append((name, system.grading, _("System"), system.id, name, *view.totals(own).values()))
        for kind, label in (("category", _("Category")), ("control_point", _("Control point"))):
            for group in view.groups_of(result, system.id, kind):
                numbers = (group.counts.get(verdict, 0) for verdict in WORST_FIRST)
                rows.append((name, system.grading, label, group.id, group.title.spoken(words.language), *numbers))
    if result.disabled:
        off = _("Switched off by the site: {checks}").format(checks=", ".join(result.disabled))
        rows.append(("", "", "", "", off))
    return Sheet(_("Summary"), columns + counted, tuple(rows))


def _records(result: AuditResult, words: Words) -> Sheet:
    _ = words.translate
    columns = (
        (_("System"), 18),
        (_("Category"), 10),
        (_("Control point"), 20),
        (_("Clause"), 12),
        (_("Demand"), 46),
        (_("Part"), 40),
        (_("Object"), 20),
        (_("Result record"), 60),
        (_("Verdict"), 12),
        (_("Clause verdict"), 12),
        (_("Evidence"), 40),
    )
    titles = _titles(result, words)
    rows = tuple(row for clause in result.clauses for row in _clause_rows(clause, result.findings, titles, words))
    return Sheet(_("Records"), columns, rows, verdict_column=8)


def _titles(result: AuditResult, words: Words) -> dict[str, str]:
    """Return the names of systems, categories and control points by their ids."""
    named = {group.id: group.title.spoken(words.language) for group in result.groups}
    return named | {system.id: system.name.spoken(words.language) for system in result.systems}


def _clause_rows(
    clause: ClauseResult, findings: Sequence[Finding], titles: Mapping[str, str], words: Words
) -> Iterator[tuple[Cell, ...]]:
    named = (titles.get(each, each) for each in (clause.system, clause.category, clause.control_point))
    head = (*named, clause.id, clause.statement.spoken(words.language))
    whole = words.verdict(clause.verdict)
    for part in clause.parts:
        title = f"{part.id} {part.title.spoken(words.language)}"
        if not part.findings:
            yield (*head, title, "–", words.said(part.reason), words.verdict(part.verdict), whole, "")
        for host, verdict, record, evidence in _by_object(part, findings, words):
            yield (*head, title, host, record, words.verdict(verdict), whole, evidence)


def _by_object(part: PartResult, findings: Sequence[Finding], words: Words) -> Iterator[tuple[str, Verdict, str, str]]:
    """One row for each host: the worst of its checks, every check's record, every fact's digest."""
    by_host: dict[str, list[Finding]] = {}
    for index in part.findings:
        by_host.setdefault(findings[index].host, []).append(findings[index])
    for host, own in by_host.items():
        moving = [each.verdict for each in own if moves_verdict(each.severity, each.affects_verdict)]
        worst = min(moving, key=WORST_FIRST.index, default=Verdict.MANUAL)
        record = "\n".join(_record(finding, words) for finding in own)
        facts = {f"{each.fact} sha256:{each.sha256}" for finding in own for each in finding.evidence}
        yield host, worst, record, "\n".join(sorted(facts))


def _record(finding: Finding, words: Words) -> str:
    observed = f" [{finding.observed}]" if finding.observed else ""
    title = finding.title.spoken(words.language)
    changed = f" ({words.translate('changed or added by this site')})" if finding.layer == "site" else ""
    return f"{words.signed(finding.verdict)} {title}{changed}: {words.said(finding.reason)}{observed}"


def _gaps(result: AuditResult, words: Words) -> Sheet:
    _ = words.translate
    columns = (
        (_("Clause"), 12),
        (_("System"), 18),
        (_("Verdict"), 12),
        (_("High risk"), 16),
        (_("Check"), 36),
        (_("Hosts"), 40),
        (_("Rectify"), 60),
    )
    rows = tuple(row for clause in view.gaps(result.clauses) for row in _gap_rows(clause, result.findings, words))
    return Sheet(_("Gaps"), columns, rows, verdict_column=2)


def _gap_rows(clause: ClauseResult, findings: Sequence[Finding], words: Words) -> Iterator[tuple[Cell, ...]]:
    for group in view.failed_checks(clause, findings):
        first = group.findings[0]
        risk = " ".join(sorted({each.high_risk for each in group.findings if each.high_risk}))
        hosts = ", ".join(each.host for each in group.findings)
        title, mend = (text.spoken(words.language) for text in (first.title, first.rectify))
        yield clause.id, clause.system, words.verdict(group.verdict), risk, title, hosts, mend


def _hosts(result: AuditResult, words: Words) -> Sheet:
    _ = words.translate
    columns = (
        (_("Host"), 24),
        (_("Address"), 24),
        (_("System"), 18),
        (_("State"), 14),
        (_("Reason"), 50),
        (_("Distribution"), 16),
        (_("Rights used"), 18),
        (_("Provenance"), 18),
        (_("Clock offset (ms)"), 12),
        (_("Facts not read"), 40),
        (_("Fact pack (SHA-256)"), 66),
    )
    rows = tuple(
        (
            host.name,
            host.address,
            host.system,
            words.host_state(host.state),
            words.said(host.reason) if host.reason else "",
            host.distribution,
            words.privilege(host.privilege),
            words.provenance(host.provenance.value if host.provenance else None),
            "" if host.clock_offset_ms is None else host.clock_offset_ms,
            ", ".join(host.unread),
            host.blob or "",
        )
        for host in result.hosts
    )
    return Sheet(_("Hosts"), columns, rows)


def _evidence(result: AuditResult, words: Words) -> Sheet:
    _ = words.translate
    columns = (
        (_("Fact"), 26),
        (_("State"), 12),
        (_("Hosts"), 40),
        (_("Command"), 60),
        (_("Output, beginning"), 80),
        (_("Output (SHA-256)"), 66),
        (_("Fact pack (SHA-256)"), 66),
        (_("Read at (UTC)"), 26),
    )
    rows = tuple(
        (
            each.reference.fact,
            each.reference.state,
            ", ".join(each.hosts),
            each.reference.command,
            each.reference.excerpt,
            each.reference.sha256,
            each.reference.blob,
            each.reference.collected_at,
        )
        for each in view.evidence_of(result.findings).values()
    )
    return Sheet(_("Evidence"), columns, rows)
