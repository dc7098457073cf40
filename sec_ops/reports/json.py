"""The audit as one JSON document: the contract of `audit run --json` and `audit show --json`."""

from typing import Any

from sec_ops.model.audit import AuditedHost, AuditResult, ClauseResult, Finding
from sec_ops.model.text import printable
from sec_ops.reports import view
from sec_ops.reports.words import Words, words

__all__ = ["audit_document"]


def audit_document(result: AuditResult, language: str) -> dict[str, Any]:
    """Return the document's body, texts in `zh` or `en`; durations are milliseconds, times RFC 3339 in UTC."""
    spoken = words(language)
    return {
        "run": result.run,
        "level": result.level,
        "started_at": result.started_at,
        "finished_at": result.finished_at,
        "interrupted": result.interrupted,
        "content_digest": result.content_digest,
        "disabled": list(result.disabled),
        "systems": [_system(result, position, spoken) for position in range(len(result.systems))],
        "hosts": [_host(host, spoken) for host in result.hosts],
        "clauses": [_clause(clause, result, spoken) for clause in result.clauses],
    }


def _system(result: AuditResult, position: int, words: Words) -> dict[str, Any]:
    system = result.systems[position]
    totals = view.totals(clause for clause in result.clauses if clause.system == system.id)
    return {
        "id": system.id,
        "name": system.name.spoken(words.language),
        "grading": system.grading,
        "level": system.level,
        "record_number": system.record_number,
        "unit": system.unit,
        "verdicts": {verdict.value: count for verdict, count in totals.items()},
    }


def _host(host: AuditedHost, words: Words) -> dict[str, Any]:
    dumped = host.model_dump(mode="json")
    document = {name: printable(value) if isinstance(value, str) else value for name, value in dumped.items()}
    document["reason"] = words.said(host.reason) if host.reason else None
    return document


def _clause(clause: ClauseResult, result: AuditResult, words: Words) -> dict[str, Any]:
    numbers = sorted({number for part in clause.parts for number in part.findings})
    return {
        "id": clause.id,
        "system": clause.system,
        "level": clause.level,
        "requirement_set": clause.requirement_set,
        "category": clause.category,
        "control_point": clause.control_point,
        "statement": clause.statement.spoken(words.language),
        "verdict": clause.verdict.value,
        "reason": words.said(clause.reason),
        "high_risk": list(clause.high_risk),
        "open_parts": list(clause.open_parts),
        "parts": [
            {
                "id": part.id,
                "title": part.title.spoken(words.language),
                "verdict": part.verdict.value,
                "reason": words.said(part.reason),
                "findings": [_finding(result.findings[number], words) for number in part.findings],
            }
            for part in clause.parts
        ],
        "evidence": _evidence([result.findings[number] for number in numbers]),
    }


def _finding(finding: Finding, words: Words) -> dict[str, Any]:
    return {
        "check": finding.check,
        "host": finding.host,
        "verdict": finding.verdict.value,
        "reason": words.said(finding.reason),
        "observed": printable(finding.observed),
        "severity": finding.severity.value,
        "affects_verdict": finding.affects_verdict,
        "layer": finding.layer,
        "digest": finding.digest,
    }


def _evidence(findings: list[Finding]) -> list[dict[str, str]]:
    """Return each fact once: which host, which blob of the evidence store, which fact in it, digest of its bytes."""
    facts = {
        (finding.host, each.fact): {"host": finding.host, "blob": each.blob, "fact": each.fact, "sha256": each.sha256}
        for finding in findings
        for each in finding.evidence
    }
    return [facts[key] for key in sorted(facts)]
