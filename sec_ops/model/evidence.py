"""Evidence 证据: the entries of the log `evlog/1` and the versioned kinds of what they say.

A kind is `room.what/version`; its model is the contract of the entry's `data`. A changed meaning is a new version.
Personal data never stands in an entry: it goes into the blob, which can be erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, ValidationError

from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.evidence_backup_copies import BackupCopy, BackupForget, BackupHold
from sec_ops.model.evidence_backup_guard import BackupKey, BackupLock, BackupProbe
from sec_ops.model.evidence_backup_proof import BackupRestore, BackupVerify
from sec_ops.model.evidence_backup_run import BackupRun
from sec_ops.model.evidence_backup_summary import BackupSummary
from sec_ops.model.evidence_detection import (
    DetectionAlert,
    DetectionAlertClosed,
    DetectionAlertsDeleted,
    DetectionRulesImported,
    DetectionRun,
    DetectionSummary,
    DetectionSuppression,
)
from sec_ops.model.evidence_drill import DrillNote, DrillRun, DrillSummary
from sec_ops.model.evidence_rebuilt import LogsRebuilt
from sec_ops.model.messages import message
from sec_ops.model.values import Value

__all__ = [
    "FIRST_PREVIOUS",
    "KINDS",
    "WRITERS_OWN_KINDS",
    "AccountChanged",
    "AuditCollector",
    "AuditFacts",
    "AuditRun",
    "BackupCopy",
    "BackupForget",
    "BackupHold",
    "BackupKey",
    "BackupLock",
    "BackupProbe",
    "BackupRestore",
    "BackupRun",
    "BackupSummary",
    "BackupVerify",
    "BlobReference",
    "ContentApproval",
    "DeletedDataset",
    "DetectionAlert",
    "DetectionAlertClosed",
    "DetectionAlertsDeleted",
    "DetectionRulesImported",
    "DetectionRun",
    "DetectionSummary",
    "DetectionSuppression",
    "DrillNote",
    "DrillRun",
    "DrillSummary",
    "Entry",
    "EvidenceExport",
    "KeyClosed",
    "KeyCreated",
    "LogHold",
    "LogRecovered",
    "LogSegment",
    "LogSegmentRemoved",
    "LogsDeleted",
    "LogsSummary",
    "LowEntropy",
    "ReportExported",
    "SiteCreated",
    "SummaryScope",
    "SummaryStream",
    "SummarySystem",
    "validated",
]

FIRST_PREVIOUS = "0" * 64
"""`prev` of the first entry of a log."""

Digest = str


class LowEntropy(bytes):
    """Bytes that could be guessed from their digest (answers, names, forms): sealed with a random salt."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobReference:
    """Digests and size (bytes) of what an entry points to: the plain bytes, or salt ‖ plain bytes."""

    sha256: str
    sm3: str
    size: int
    mime: str

    def document(self) -> dict[str, Any]:
        """Return the reference as it stands in an entry."""
        return {"sha256": self.sha256, "sm3": self.sm3, "size": self.size, "mime": self.mime}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the log as read back. `t` is RFC 3339 in UTC; `prev` the SHA-256 of the line before."""

    seq: int
    t: str
    kind: str
    actor: str
    role: str
    assurance: str
    writer: str
    case: str
    system: str
    blob: BlobReference | None
    prev: str
    data: Mapping[str, Any]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Entry":
        """Return the entry that a parsed line holds; raises KeyError when a part is missing."""
        blob = document["blob"]
        names = ("seq", "t", "kind", "actor", "role", "assurance", "writer", "case", "prev", "data")
        parts = {name: document[name] for name in names}
        return cls(system=document["sys"], blob=BlobReference(**blob) if blob else None, **parts)

    def document(self) -> dict[str, Any]:
        """Return the entry as it stands in the log."""
        return {
            "v": 1,
            "seq": self.seq,
            "t": self.t,
            "kind": self.kind,
            "actor": self.actor,
            "role": self.role,
            "assurance": self.assurance,
            "writer": self.writer,
            "case": self.case,
            "sys": self.system,
            "blob": self.blob.document() if self.blob else None,
            "prev": self.prev,
            "data": dict(self.data),
        }


class SiteCreated(Value):
    """The site was made; the first entry of every log."""

    kind: ClassVar[str] = "site.created/1"
    origin: str
    tool: str = Field(description="name and version of the program that made it")


class AuditCollector(Value):
    """What an audit is about to run on its hosts; the blob is the script."""

    kind: ClassVar[str] = "audit.collector/1"
    run: str
    collector_sha256: Digest
    nonce: str


class AuditFacts(Value):
    """The facts of one host, or why there are none; the blob is the fact pack."""

    kind: ClassVar[str] = "audit.facts/1"
    run: str
    host: str
    state: str = Field(description="collected, incomplete or failed")
    provenance: str = ""
    collected_at: str = ""
    collector_sha256: Digest = ""
    complete: StrictBool = True
    clock_offset_ms: StrictInt | None = Field(default=None, description="host minus controller")
    elapsed_ms: StrictInt = 0
    privilege: str = ""
    error: str = Field(default="", description="name of the transport error")


class AuditRun(Value):
    """An audit came to its end; the blob, if any, is the judged result."""

    kind: ClassVar[str] = "audit.run/1"
    run: str
    level: StrictInt
    systems: tuple[str, ...] = ()
    hosts: StrictInt = 0
    hosts_collected: StrictInt = 0
    interrupted: StrictBool = False
    outcome: tuple[str, ...] = ()
    content_digest: Digest = ""
    manifest: dict[str, Digest] = Field(default_factory=dict, description="file of the run to its SHA-256")
    judged_from: str = Field(default="", description="the past run whose facts were judged again")


class ReportExported(Value):
    """A report was written for somebody outside."""

    kind: ClassVar[str] = "report.exported/1"
    run: str
    format: str
    sha256: Digest
    size: StrictInt


class ContentApproval(Value):
    """Content that executes was approved, or its approval withdrawn."""

    kind: ClassVar[str] = "content.approval/1"
    path: str
    sha256: Digest
    decision: Literal["approved", "withdrawn"] = "approved"
    approver: str
    author: str = ""
    key_fingerprint: str = ""
    signature: str = Field(default="", description="the approver's SSH signature")


class AccountChanged(Value):
    """A person, role or key was added, changed or expired."""

    kind: ClassVar[str] = "account.changed/1"
    account: str
    change: str
    detail: dict[str, str] = Field(default_factory=dict)


class EvidenceExport(Value):
    """A bundle of the entries `first` up to this one was made; the digests fix what lies in it."""

    kind: ClassVar[str] = "evidence.export/1"
    first: StrictInt
    run: str
    blobs: StrictInt
    blobs_sha256: Digest = Field(description="SHA-256 over the sorted digests of the blobs, a line each")
    files: dict[str, Digest] = Field(description="verifier and page: file to SHA-256")


class LogRecovered(Value):
    """A torn tail, never acknowledged to anybody, was set aside into `torn/` before this entry."""

    kind: ClassVar[str] = "log.recovered/1"
    file: str
    offset: StrictInt
    size: StrictInt
    sha256: Digest
    kept: str


class LogHold(Value):
    """Logs were put under a hold, or a hold was lifted: nothing of it is let go while it stands."""

    kind: ClassVar[str] = "logs.hold/1"
    hold: str
    change: Literal["placed", "lifted"]
    case: str
    reason: str
    person: str
    first_day: str
    last_day: str
    datasets: tuple[str, ...] = Field(default=(), description="empty: all")
    sources: tuple[str, ...] = Field(default=(), description="empty: all")


class DeletedDataset(Value):
    """What a day held of one dataset."""

    events: StrictInt
    sha256: Digest = Field(description="the store's digest of it, taken from its files just before")


class LogsDeleted(Value):
    """A day of logs is let go now: sealed before it is removed, again when the removal was cut short."""

    kind: ClassVar[str] = "logs.deleted/1"
    day: str
    datasets: dict[str, DeletedDataset]
    received_before: str = Field(description="RFC 3339; all of it was received before")
    retention_days: StrictInt
    retention_reason: str = ""


class LogSegment(Value):
    """A segment of the raw log as it stands: batches `first` to `last`, and the chain of hashes before and after them.

    `closed` segments change no more and carry their file's digest; others are sealed again as they grow.
    """

    kind: ClassVar[str] = "logs.segment/1"
    stream: str
    segment: StrictInt
    first: StrictInt
    last: StrictInt
    previous: Digest
    head: Digest
    closed: StrictBool = False
    records: StrictInt = 0
    received_first_ms: StrictInt = Field(default=0, description="milliseconds since 1970, UTC")
    received_last_ms: StrictInt = 0
    sha256: Digest = ""


class LogSegmentRemoved(Value):
    """A segment of the raw log was deleted because its records were older than they have to be kept."""

    kind: ClassVar[str] = "logs.segment.removed/1"
    stream: str
    segment: StrictInt
    first: StrictInt
    last: StrictInt
    head: Digest
    records: StrictInt
    received_first_ms: StrictInt
    received_last_ms: StrictInt
    sha256: Digest


class SummaryScope(Value):
    """Expected log sources of one sort: how many there are, arrive, fell silent, never came; gaps; how far they reach.

    `reach_days` is the least among those that ever came: days from the oldest kept event to now.
    """

    expected: StrictInt = 0
    arriving: StrictInt = 0
    silent: StrictInt = 0
    missing: StrictInt = 0
    gaps: StrictInt = 0
    reach_days: StrictInt = 0


class SummarySystem(Value):
    """The expected log sources of a key system: of its hosts, and of its devices and other objects."""

    id: str
    hosts: SummaryScope = SummaryScope()
    devices: SummaryScope = SummaryScope()


class SummaryStream(Value):
    """A stream of the raw log: its last batch and the head of its chain."""

    stream: str
    last: StrictInt
    head: Digest


class LogsSummary(Value):
    """What logs were expected and what came of it; the blob lists every source. Facts only: what they prove is a map's.

    Counts of events are of the last 24 hours by receipt.
    """

    kind: ClassVar[str] = "logs.summary/1"
    day: str = ""
    retention_days: StrictInt = 0
    retention_reason: str = ""
    oldest_day: str = Field(default="", description="oldest day of which events are kept")
    days_kept: StrictInt = Field(default=0, description="of the last 184 days, those with events")
    events: StrictInt = 0
    unparsed: StrictInt = 0
    expected: StrictInt = 0
    arriving: StrictInt = 0
    unexpected: StrictInt = 0
    gaps: StrictInt = 0
    not_arriving: tuple[str, ...] = Field(default=(), description="the first of them, by name")
    systems: tuple[SummarySystem, ...] = ()
    streams: tuple[SummaryStream, ...] = ()


class KeyCreated(Value):
    """A public key entered the key ring; signed by itself, or by the key it follows."""

    kind: ClassVar[str] = "key.created/1"
    role: Literal["log", "witness"]
    algorithm: Literal["ed25519", "sm2"]
    name: str = Field(description="key name in signed notes")
    public_key: str = Field(description="SubjectPublicKeyInfo, DER, base64")
    valid_from: StrictInt = Field(description="smallest tree size it may sign")
    introduced_by: Digest = Field(description="fingerprint of the key that signed this record")
    signature: str = Field(description="base64")


class KeyClosed(Value):
    """A public key signs nothing above `valid_to` any more."""

    kind: ClassVar[str] = "key.closed/1"
    fingerprint: Digest
    valid_to: StrictInt = Field(description="largest tree size it may sign")
    reason: Literal["rotated", "revoked"]
    note: str = ""
    closed_by: Digest
    signature: str


_MODELS: tuple[type[Value], ...] = (
    SiteCreated,
    AuditCollector,
    AuditFacts,
    AuditRun,
    ReportExported,
    ContentApproval,
    AccountChanged,
    EvidenceExport,
    LogRecovered,
    LogHold,
    LogsDeleted,
    LogsSummary,
    LogSegment,
    LogSegmentRemoved,
    LogsRebuilt,
    DetectionRun,
    DetectionAlert,
    DetectionAlertClosed,
    DetectionAlertsDeleted,
    DetectionSuppression,
    DetectionRulesImported,
    DetectionSummary,
    BackupCopy,
    BackupForget,
    BackupHold,
    BackupKey,
    BackupLock,
    BackupProbe,
    BackupRun,
    BackupSummary,
    BackupVerify,
    BackupRestore,
    DrillRun,
    DrillNote,
    DrillSummary,
    KeyCreated,
    KeyClosed,
)
KINDS: Mapping[str, type[Value]] = {model.kind: model for model in _MODELS}  # type: ignore[attr-defined]
"""Every kind an entry may have, with the model of its data."""
WRITERS_OWN_KINDS = frozenset({KeyCreated.kind, KeyClosed.kind, LogRecovered.kind})
"""Kinds that callers can't append: they say what the writer itself has done."""


def validated(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `data` checked by the model of its kind, as plain JSON values.

    Raises UsageError for a kind nobody knows and ContentInvalid with every fault of the data.
    """
    model = KINDS.get(kind)
    if model is None:
        known = ", ".join(sorted(KINDS))
        what = message("evidence has no kind {kind}", kind=kind)
        raise UsageError(what, advice=message("known kinds: {kinds}", kinds=known))
    try:
        return model.model_validate(dict(data)).model_dump(mode="json")
    except ValidationError as error:
        raise ContentInvalid([_fault(kind, each) for each in error.errors()]) from error


def _fault(kind: str, error: Any) -> Fault:  # noqa: ANN401 - pydantic's own type is private
    path = ".".join(str(part) for part in error["loc"])
    return Fault(file=kind, line=0, path=path, message=message("{reason}", reason=error["msg"]))
