"""An audit from its scope to its sealed result: gather, seal, judge from what was sealed.

Judging reads the facts back from the evidence store, so judging a past run again is the same path without the visit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sec_ops.compliance.algebra import FAILING, moves_verdict
from sec_ops.compliance.assess import assess
from sec_ops.compliance.frames import read_pack
from sec_ops.compliance.gather import Gathered, HostRecord
from sec_ops.compliance.operational import Operations
from sec_ops.compliance.result_file import from_document, to_bytes
from sec_ops.compliance.rulebook import Rulebook
from sec_ops.compliance.scope import AuditScope, ScopedSystem
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.audit import AuditResult, ClauseResult
from sec_ops.model.check import Probe, Severity
from sec_ops.model.content import Origin
from sec_ops.model.evidence import AuditRun
from sec_ops.model.fact import FactPack
from sec_ops.model.outcome import Outcome
from sec_ops.model.protocols import Clock
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.run import MANIFEST, Run

__all__ = [
    "Auditor",
    "outcomes_of",
    "read_gathered",
    "read_result",
    "read_run_operations",
    "read_scope",
    "read_sealed_result",
]

OPERATIONS = "operations.json"
_SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """Judges and seals one run; `judged_from` is the past run whose facts are judged again, if any."""

    rulebook: Rulebook
    log: EvidenceLog
    run: Run
    clock: Clock
    operations: Operations
    judged_from: str = ""

    def conclude(self, scope: AuditScope, gathered: Gathered, started_at: str) -> AuditResult:
        """Judge what was gathered, write the run's documents, seal their digests, sign a checkpoint.

        Raises StorageError; the facts that were gathered stay sealed then. What judging needs is written first: a run
        that was cut short while it was judged can be judged again.
        """
        self.run.write("scope.json", [system.model_dump(mode="json") for system in scope.systems])
        self.run.write(OPERATIONS, self.operations.model_dump(mode="json"))
        self.run.write("hosts.json", [record.model_dump(mode="json") for record in gathered.records])
        result = self._judge(scope, gathered, started_at)
        data = to_bytes(result)
        self.run.write("content.json", self._content())
        self.run.write_bytes("result.json", data)
        self._seal(result, data)
        return result

    def _judge(self, scope: AuditScope, gathered: Gathered, started_at: str) -> AuditResult:
        probes = {probe.id: probe for probe in self.rulebook.probes}
        packs = self._packs(gathered.records, probes)
        judged = assess(self.rulebook, scope.systems, packs, operations=self.operations)
        return AuditResult.model_construct(
            run=self.run.name,
            level=scope.level,
            started_at=started_at,
            finished_at=utc_text(self.clock.now()),
            interrupted=gathered.interrupted,
            content_digest=self.rulebook.digest,
            systems=judged.systems,
            hosts=judged.hosts,
            findings=judged.findings,
            clauses=judged.clauses,
            groups=judged.groups,
            disabled=tuple(self.rulebook.disabled),
        )

    def _packs(
        self, records: Sequence[HostRecord], probes: Mapping[str, Probe]
    ) -> Iterator[tuple[HostRecord, FactPack | None]]:
        for record in records:
            readable = record.blob is not None and record.state != "failed"
            yield record, self._pack(record, probes) if readable else None

    def _pack(self, record: HostRecord, probes: Mapping[str, Probe]) -> FactPack:
        return read_pack(
            self.log.read_blob(record.blob or ""),
            probes,
            host=record.name,
            collected_at=record.collected_at,
            provenance=record.provenance,
            clock_offset_ms=record.clock_offset_ms,
            nonce=record.nonce,
        ).pack

    def _content(self) -> dict[str, Any]:
        """Return where each check came from: layer, path and digest."""
        checks = {name: loaded.origin for name, loaded in self.rulebook.checks.items()}
        rules = {name: loaded.origin for name, loaded in self.rulebook.operational.items()}
        return {"digest": self.rulebook.digest, "checks": _origins(checks), "operational": _origins(rules)}

    def _seal(self, result: AuditResult, data: bytes) -> None:
        entry = AuditRun(
            run=self.run.name,
            level=result.level,
            systems=tuple(system.id for system in result.systems),
            hosts=len(result.hosts),
            hosts_collected=sum(host.state == "collected" for host in result.hosts),
            interrupted=result.interrupted,
            outcome=tuple(outcome.label for outcome in outcomes_of(result)),
            content_digest=result.content_digest,
            manifest=dict(self.run.seal()),
            judged_from=self.judged_from,
        )
        self.log.append(AuditRun.kind, entry.model_dump(mode="json"), blob=data, media_type="application/json")
        self.log.checkpoint()


def _origins(origins: Mapping[str, Origin]) -> dict[str, Any]:
    return {
        name: {"layer": each.layer.value, "path": each.path, "sha256": each.sha256} for name, each in origins.items()
    }


def read_result(run: Run) -> AuditResult:
    """Return the result of a past run; raises UsageError when it has none, EvidenceBroken when it is not whole."""
    return from_document(run.read("result.json"))


def read_sealed_result(run: Run, log: EvidenceLog) -> AuditResult:
    """Return the result of a past run after comparing its manifest with the log; raises what `read_result` raises."""
    manifest = run.read(MANIFEST)
    entries = (each.data for each in log.entries() if each.kind == AuditRun.kind)
    if not any(each["run"] == run.name and each["manifest"] == manifest for each in entries):
        raise run.altered(MANIFEST)
    return read_result(run)


def read_scope(run: Run) -> AuditScope:
    """Return the systems of a past run, to judge it again."""
    return AuditScope(systems=tuple(ScopedSystem.model_validate(each) for each in run.read("scope.json")))


def read_run_operations(run: Run) -> Operations | None:
    """Return what operations had sealed when a past run was judged; None when it was not asked for then."""
    if not (run.folder / OPERATIONS).exists():
        return None
    return Operations.model_validate(run.read(OPERATIONS))


def read_gathered(run: Run) -> Gathered:
    """Return the hosts of a past run and where their facts are, to judge it again."""
    return Gathered(records=tuple(HostRecord.model_validate(each) for each in run.read("hosts.json")))


def outcomes_of(result: AuditResult, *, fail_on: Severity = Severity.LOW) -> set[Outcome]:
    """Return what holds of an audit: findings of at least that severity, something not seen, interrupted."""
    outcomes = set[Outcome]()
    if any(_counts(clause, result, fail_on) for clause in result.clauses):
        outcomes.add(Outcome.FINDINGS)
    if any(host.state != "collected" or host.unread or not host.known_platform for host in result.hosts):
        outcomes.add(Outcome.INCOMPLETE)
    if result.interrupted:
        outcomes.add(Outcome.INTERRUPTED)
    return outcomes


def _counts(clause: ClauseResult, result: AuditResult, fail_on: Severity) -> bool:
    """Return whether a clause failed, wholly or in part, by a check of at least the severity."""
    if clause.verdict not in FAILING:
        return False
    least = _SEVERITIES.index(fail_on)
    findings = [result.findings[number] for part in clause.parts for number in part.findings]
    moving = [
        each for each in findings if each.verdict in FAILING and moves_verdict(each.severity, each.affects_verdict)
    ]
    return any(_SEVERITIES.index(each.severity) >= least for each in moving)
