"""The numbers of an audit: what reports, the console and `--json` are all made from."""

from typing import Literal

from pydantic import Field

from sec_ops.model.check import Severity
from sec_ops.model.fact import Provenance
from sec_ops.model.messages import Message
from sec_ops.model.values import Text, Value
from sec_ops.model.verdict import Verdict

__all__ = [
    "AuditResult",
    "AuditedHost",
    "AuditedSystem",
    "ClauseResult",
    "FactReference",
    "Finding",
    "GroupResult",
    "PartResult",
    "Reason",
]

Reason = Text | Message
"""Content speaks as `Text`, the engine as `Message`."""


class FactReference(Value):
    """Where the raw bytes of a fact are: the host's blob in the evidence store, and the fact in it."""

    blob: str = Field(description="SHA-256 of the host's fact pack")
    fact: str
    command: str
    state: str
    sha256: str
    collected_at: str
    excerpt: str = Field(description="first lines of the output, bounded, control characters made visible")


class AuditedHost(Value):
    """One host of the audit. `state`: collected, incomplete (some facts or the end missing), failed."""

    name: str
    address: str = ""
    system: str
    unit: str = ""
    state: Literal["collected", "incomplete", "failed"]
    error: str | None = Field(default=None, description="name of the transport error, such as host_key_changed")
    reason: Reason | None = None
    elapsed_ms: int
    distribution: str = ""
    family: str = ""
    known_platform: bool = True
    privilege: str = Field(default="", description="root, sudo_streamed, pinned or user")
    provenance: Provenance | None = None
    clock_offset_ms: int | None = None
    blob: str | None = None
    unread: tuple[str, ...] = Field(default=(), description="facts that could not be read")


class Finding(Value):
    """What one check says of one host."""

    check: str
    title: Text
    host: str
    verdict: Verdict
    reason: Reason
    observed: str = ""
    severity: Severity
    affects_verdict: bool
    high_risk: str | None = None
    rectify: Text
    evidence: tuple[FactReference, ...]
    verified_here: bool = Field(description="proved on a real system of this platform")
    layer: str = Field(description="shipped or site")
    digest: str = Field(description="SHA-256 of the check's file")


class PartResult(Value):
    """A part of a clause over all objects of a system."""

    id: str
    title: Text
    verdict: Verdict
    reason: Reason
    findings: tuple[int, ...] = Field(description="indexes into AuditResult.findings")


class ClauseResult(Value):
    """One clause of one system."""

    id: str
    system: str
    level: int
    requirement_set: str
    category: str
    control_point: str
    statement: Text
    weight: float | None
    verdict: Verdict
    reason: Reason
    open_parts: tuple[str, ...]
    high_risk: tuple[str, ...]
    parts: tuple[PartResult, ...]


class GroupResult(Value):
    """A control point, a category or a system: counts of its clauses by verdict."""

    kind: Literal["control_point", "category", "system"]
    id: str
    system: str
    title: Text
    counts: dict[Verdict, int]


class AuditedSystem(Value):
    """A key system 关键系统 as audited."""

    id: str
    name: Text
    grading: str = Field(description="such as S3A3G3")
    level: int
    record_number: str = ""
    unit: str = ""


class AuditResult(Value):
    """One audit, judged."""

    run: str
    level: int
    started_at: str
    finished_at: str
    interrupted: bool = False
    content_digest: str
    systems: tuple[AuditedSystem, ...]
    hosts: tuple[AuditedHost, ...]
    findings: tuple[Finding, ...]
    clauses: tuple[ClauseResult, ...]
    groups: tuple[GroupResult, ...]
    disabled: tuple[str, ...] = Field(default=(), description="checks that the site has switched off")
