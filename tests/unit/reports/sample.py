"""A small audit with hostile texts, made by hand."""

from sec_ops.model.audit import (
    AuditedHost,
    AuditedSystem,
    AuditResult,
    ClauseResult,
    FactReference,
    Finding,
    GroupResult,
    PartResult,
)
from sec_ops.model.check import Severity
from sec_ops.model.fact import Provenance
from sec_ops.model.messages import message
from sec_ops.model.values import Text
from sec_ops.model.verdict import Verdict

HOSTILE = '=cmd|"/c calc"!A1 <script>alert(1)</script> \x1b[31mred\x1b[0m \u202e'
SHA = "ab" * 32


def both(text: str) -> Text:
    return Text(zh=f"中文 {text}", en=f"English {text}")


def reference(fact: str, host: str) -> FactReference:
    return FactReference(
        blob=SHA,
        fact=fact,
        command="sshd -T",
        state="read",
        sha256=SHA if host != "web-2" else "cd" * 32,
        collected_at="2026-11-23T08:00:00.000Z",
        excerpt=HOSTILE,
    )


def finding(check: str, host: str, verdict: Verdict, *, affects: bool = True) -> Finding:
    return Finding(
        check=check,
        title=both(check),
        host=host,
        verdict=verdict,
        reason=message("observed {value}", value=HOSTILE),
        observed=HOSTILE,
        severity=Severity.HIGH,
        affects_verdict=affects,
        high_risk="HR-CES-01" if verdict is Verdict.NON_COMPLIANT else None,
        rectify=both("mend it"),
        evidence=(reference("sshd_effective", host),),
        verified_here=True,
        layer="site" if check == "linux-banner" else "shipped",
        digest=SHA,
    )


def clause(
    identifier: str, verdict: Verdict, parts: tuple[PartResult, ...], risk: tuple[str, ...] = ()
) -> ClauseResult:
    return ClauseResult(
        id=identifier,
        system="student-records",
        level=3,
        requirement_set="general",
        category="CES",
        control_point=identifier.rpartition("-")[0],
        statement=both(f"demand {identifier}"),
        weight=1.0,
        verdict=verdict,
        reason=both("why"),
        open_parts=(),
        high_risk=risk,
        parts=parts,
    )


def part(identifier: str, verdict: Verdict, *findings: int) -> PartResult:
    return PartResult(id=identifier, title=both(identifier), verdict=verdict, reason=both("part"), findings=findings)


def host(name: str, **changes: object) -> AuditedHost:
    values: dict[str, object] = {
        "name": name,
        "address": "192.0.2.1",
        "system": "student-records",
        "state": "collected",
        "elapsed_ms": 700,
        "distribution": "debian 12",
        "family": "debian",
        "privilege": "root",
        "provenance": Provenance.COLLECTED,
        "clock_offset_ms": 12,
        "blob": SHA,
    }
    return AuditedHost.model_validate(values | changes)


def sample() -> AuditResult:
    """Two hosts read, one not; one clause of each verdict."""
    findings = (
        finding("linux-ssh-root-login", "web-1", Verdict.NON_COMPLIANT),
        finding("linux-ssh-root-login", "web-2", Verdict.COMPLIANT),
        finding("linux-banner", "web-1", Verdict.NON_COMPLIANT, affects=False),
    )
    clauses = (
        clause("8.1.4.1-a", Verdict.COMPLIANT, (part("8.1.4.1-a.1", Verdict.COMPLIANT, 1),)),
        clause(
            "8.1.4.2-b",
            Verdict.NON_COMPLIANT,
            (part("8.1.4.2-b.1", Verdict.NON_COMPLIANT, 0, 1, 2), part("8.1.4.2-b.2", Verdict.MANUAL)),
            ("HR-CES-01",),
        ),
        clause("8.1.4.3-a", Verdict.PARTIAL, (part("8.1.4.3-a.1", Verdict.PARTIAL, 0),)),
        clause("8.1.4.4-a", Verdict.UNDETERMINED, (part("8.1.4.4-a.1", Verdict.UNDETERMINED),)),
        clause("8.1.10.1-a", Verdict.MANUAL, (part("8.1.10.1-a.1", Verdict.MANUAL),)),
        clause("8.1.4.11-a", Verdict.NOT_APPLICABLE, (part("8.1.4.11-a.1", Verdict.NOT_APPLICABLE),)),
    )
    return AuditResult(
        run="20261123T080000Z-audit-0badcafe",
        level=3,
        started_at="2026-11-23T08:00:00.000Z",
        finished_at="2026-11-23T08:01:00.000Z",
        content_digest=SHA,
        systems=(
            AuditedSystem(
                id="student-records",
                name=both("student records"),
                grading="S3A3G3",
                level=3,
                record_number="00000000000-00001",
                unit="bureau",
            ),
        ),
        hosts=(
            host("web-1", address=HOSTILE),
            host("web-2", state="incomplete", reason=message("the end of the facts never came"), unread=("passwd",)),
            host("web-3", state="failed", error="connection_refused", reason=message("nothing listens"), blob=None),
        ),
        findings=findings,
        clauses=clauses,
        disabled=("linux-switched-off",),
        groups=(
            GroupResult(
                kind="control_point",
                id="8.1.4.2",
                system="student-records",
                title=both("access control"),
                counts={Verdict.NON_COMPLIANT: 1},
            ),
        ),
    )
