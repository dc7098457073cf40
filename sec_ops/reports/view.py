"""One view of an audit's numbers, from which every format is made: order, totals, groups. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.model.audit import (
    AuditedHost,
    AuditResult,
    ClauseResult,
    FactReference,
    Finding,
    GroupResult,
    PartResult,
)
from sec_ops.model.verdict import Verdict
from sec_ops.reports.words import WORST_FIRST

__all__ = [
    "CheckGroup",
    "Evidence",
    "check_totals",
    "clause_order",
    "evidence_of",
    "failed_checks",
    "findings_by_check",
    "findings_by_host",
    "gaps",
    "groups_of",
    "totals",
    "unseen_hosts",
    "worst_first",
]

_NUMBER = re.compile(r"\d+")
FAILING = (Verdict.NON_COMPLIANT, Verdict.PARTIAL)
_RANK = {verdict: rank for rank, verdict in enumerate(WORST_FIRST)}


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """One check's findings in a part, worst first."""

    check: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Return the worst verdict of the group."""
        return self.findings[0].verdict

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """Return how many hosts have which verdict, worst first."""
        return dict(Counter(finding.verdict for finding in self.findings))


@dataclass(frozen=True, slots=True)
class Evidence:
    """One distinct output of a probe and the hosts that gave it."""

    anchor: str
    reference: FactReference
    hosts: tuple[str, ...]


def clause_order(identifier: str) -> tuple[tuple[int, ...], str]:
    """Return the key that sorts `8.1.2.1-a` before `8.1.10.1-a`."""
    return tuple(int(number) for number in _NUMBER.findall(identifier.partition("-")[0])), identifier


def worst_first(clauses: Iterable[ClauseResult]) -> list[ClauseResult]:
    """Return clauses by verdict, then high risk, then weight, then number."""
    return sorted(clauses, key=_badness)


def _badness(clause: ClauseResult) -> tuple[int, int, float, tuple[tuple[int, ...], str]]:
    return _RANK[clause.verdict], -len(clause.high_risk), -(clause.weight or 0), clause_order(clause.id)


def gaps(clauses: Iterable[ClauseResult]) -> list[ClauseResult]:
    """Return the clauses that failed wholly or partly, worst first."""
    return [clause for clause in worst_first(clauses) if clause.verdict in FAILING]


def totals(clauses: Iterable[ClauseResult]) -> dict[Verdict, int]:
    """Return how many clauses have each verdict, worst first; verdicts nobody has are 0."""
    counted = Counter(clause.verdict for clause in clauses)
    return {verdict: counted[verdict] for verdict in WORST_FIRST}


def check_totals(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """Return how many checks on hosts came to each verdict, worst first; those that are only shown don't count."""
    counted = Counter(finding.verdict for finding in findings if finding.affects_verdict)
    return {verdict: counted[verdict] for verdict in WORST_FIRST}


def groups_of(result: AuditResult, system: str, kind: str) -> list[GroupResult]:
    """Return a system's control points or categories in the standard's order."""
    return [group for group in result.groups if group.system == system and group.kind == kind]


def unseen_hosts(result: AuditResult) -> list[AuditedHost]:
    """Return the hosts that were not read wholly: not reached, cut short, or with facts that could not be read."""
    return [host for host in result.hosts if host.state != "collected" or host.unread]


def findings_by_check(part: PartResult, findings: Sequence[Finding]) -> list[CheckGroup]:
    """Return a part's findings grouped by check, the worst group first."""
    grouped: dict[str, list[Finding]] = {}
    for index in part.findings:
        grouped.setdefault(findings[index].check, []).append(findings[index])
    ordered = [
        CheckGroup(check, tuple(sorted(each, key=lambda finding: (_RANK[finding.verdict], finding.host))))
        for check, each in grouped.items()
    ]
    return sorted(ordered, key=lambda group: (_RANK[group.verdict], group.check))


def failed_checks(clause: ClauseResult, findings: Sequence[Finding]) -> list[CheckGroup]:
    """Return the checks that failed a clause, wholly or in part, each once and with its failures only."""
    failed: dict[str, CheckGroup] = {}
    for part in clause.parts:
        for group in findings_by_check(part, findings):
            own = tuple(each for each in group.findings if each.verdict in FAILING and each.affects_verdict)
            if own:
                failed.setdefault(group.check, CheckGroup(group.check, own))
    return sorted(failed.values(), key=lambda group: (_RANK[group.verdict], group.check))


def findings_by_host(result: AuditResult) -> dict[str, list[Finding]]:
    """Return each host's findings, worst first."""
    grouped: dict[str, list[Finding]] = {host.name: [] for host in result.hosts}
    for finding in result.findings:
        grouped.setdefault(finding.host, []).append(finding)
    for findings in grouped.values():
        findings.sort(key=lambda finding: (_RANK[finding.verdict], finding.check))
    return grouped


def evidence_of(findings: Iterable[Finding]) -> dict[tuple[str, str], Evidence]:
    """Return distinct outputs by (fact, SHA-256): what 200 equal hosts said stands in a report once."""
    hosts: dict[tuple[str, str], dict[str, None]] = {}
    references: dict[tuple[str, str], FactReference] = {}
    for finding in findings:
        for reference in finding.evidence:
            key = (reference.fact, reference.sha256 + reference.state)
            references.setdefault(key, reference)
            hosts.setdefault(key, {})[finding.host] = None
    return {
        key: Evidence(f"e{number}", reference, tuple(hosts[key]))
        for number, (key, reference) in enumerate(sorted(references.items()), 1)
    }
