"""Assessing systems: judged hosts and the catalogue in, findings, clauses and groups out. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sec_ops.compliance.algebra import FAILING, moves_verdict
from sec_ops.compliance.gather import HostRecord
from sec_ops.compliance.hosts import REMEMBERED, TRUSTED, HostJudge, JudgedHost
from sec_ops.compliance.judge import Judgement, probe_ids
from sec_ops.compliance.operational import Operations, judge_operations, judged_by_operations
from sec_ops.compliance.parts import SystemView, judge_clause
from sec_ops.compliance.rulebook import Rulebook
from sec_ops.compliance.scope import ScopedSystem
from sec_ops.model.audit import AuditedHost, AuditedSystem, ClauseResult, Finding, GroupResult
from sec_ops.model.check import Check
from sec_ops.model.clause import Clause
from sec_ops.model.content import Loaded
from sec_ops.model.fact import FactPack, Provenance
from sec_ops.model.messages import Message, message
from sec_ops.model.values import Text

__all__ = ["Assessment", "assess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The judged part of an AuditResult."""

    systems: tuple[AuditedSystem, ...]
    hosts: tuple[AuditedHost, ...]
    findings: tuple[Finding, ...]
    clauses: tuple[ClauseResult, ...]
    groups: tuple[GroupResult, ...]


def assess(
    rulebook: Rulebook,
    systems: Sequence[ScopedSystem],
    packs: Iterable[tuple[HostRecord, FactPack | None]],
    *,
    operations: Operations | None = None,
    trusted: frozenset[Provenance] = TRUSTED,
    remembered: int = REMEMBERED,
) -> Assessment:
    """Return what `rulebook` says of `systems`; packs are read one after another and none is kept.

    `operations` are what operations have sealed; without them the operational map is not asked. A host without a pack
    leaves every part its facts could decide undetermined. Facts of provenances that aren't `trusted` never pass without
    a person. `remembered` bounds the memo of judgements; it changes no result.
    """
    assessing = _Assessing(
        rulebook=rulebook,
        judge=HostJudge(rulebook, trusted=trusted, remembered=remembered),
        systems=systems,
        operations=operations,
    )
    for record, pack in packs:
        assessing.take(record, pack)
    return assessing.result()


@dataclass(slots=True, kw_only=True)
class _Assessing:
    """Findings so far. Systems of one level share those of a host they share."""

    rulebook: Rulebook
    judge: HostJudge
    systems: Sequence[ScopedSystem]
    operations: Operations | None
    hosts: list[AuditedHost] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    found: dict[tuple[str, int], range] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def take(self, record: HostRecord, pack: FactPack | None) -> None:
        """Judge one host."""
        judged = None if pack is None else self.judge.judge(pack, record.blob or "")
        systems = [system for system in self.systems if record.name in system.hosts]
        self.hosts.append(_audited(record, judged, systems))
        if judged is None:
            return
        self.seen.add(record.name)
        for level in sorted({system.graded.level for system in systems}):
            start = len(self.findings)
            self.findings.extend(self._findings(record.name, judged, level))
            self.found[record.name, level] = range(start, len(self.findings))

    def _findings(self, host: str, judged: JudgedHost, level: int) -> Iterable[Finding]:
        for name, loaded in self.rulebook.checks.items():
            yield _finding(loaded, host, judged, judged.judgements[name], level, self._risk(loaded.value, level))

    def _risk(self, check: Check, level: int) -> str | None:
        risk = check.high_risk.id if check.high_risk else None
        situation = self.rulebook.high_risk.get(risk) if risk else None
        return None if situation and level not in situation.levels else risk

    def result(self) -> Assessment:
        """Return the assessment of all systems over the hosts taken in."""
        clauses = [clause for system in self.systems for clause in self._clauses(system)]
        return Assessment(
            systems=tuple(_audited_system(system) for system in self.systems),
            hosts=tuple(self.hosts),
            findings=tuple(self.findings),
            clauses=tuple(clauses),
            groups=tuple(_groups(self.rulebook, self.systems, clauses)),
        )

    def _clauses(self, system: ScopedSystem) -> Iterable[ClauseResult]:
        view = self._view(system)
        for clause in self.rulebook.catalogue.applicable(system.graded, system.requirement_sets):
            yield judge_clause(clause, view)

    def _operational(self, system: ScopedSystem) -> dict[str, list[int]]:
        """Judge the system by what operations have sealed; return the findings by the part they decide."""
        found: dict[str, list[int]] = {}
        if self.operations is None or not judged_by_operations(system.id):
            return found
        findings = judge_operations(self.rulebook, self.operations, system.id, system.graded.level)
        for finding in findings:
            for part in self.rulebook.operational[finding.check].value.decides:
                found.setdefault(part, []).append(len(self.findings))
            self.findings.append(finding)
        return found

    def _view(self, system: ScopedSystem) -> SystemView:
        operational = self._operational(system)
        level = system.graded.level
        deciding: dict[str, list[str]] = {}
        for name, loaded in self.rulebook.checks.items():
            for part in loaded.value.decides:
                deciding.setdefault(part, []).append(name)
        at: dict[str, list[int]] = {}
        for host in system.hosts:
            for index in self.found.get((host, level), ()):
                at.setdefault(self.findings[index].check, []).append(index)
        others: dict[str, list[str]] = {}
        for each in system.objects:
            others.setdefault(each.kind.value, []).append(each.id)
        return SystemView(
            id=system.id,
            findings=self.findings,
            indexes={
                part: sorted(index for name in deciding.get(part, ()) for index in at.get(name, ()))
                + operational.get(part, [])
                for part in {**deciding, **operational}
            },
            operational=frozenset(operational),
            decidable=frozenset(part for part, names in deciding.items() if self._decides(names, level)),
            unseen=tuple(host for host in (*system.hosts, *system.unvisited) if host not in self.seen),
            seen=sum(host in self.seen for host in system.hosts),
            other_objects=others,
            disabled=self._disabled(),
            not_applicable={each.clause: each.reason for each in system.not_applicable},
        )

    def _disabled(self) -> dict[str, tuple[str, ...]]:
        parts = sorted({part for decides in self.rulebook.disabled.values() for part in decides})
        off = self.rulebook.disabled.items()
        return {part: tuple(name for name, decides in off if part in decides) for part in parts}

    def _decides(self, names: Iterable[str], level: int) -> bool:
        checks = (self.rulebook.checks[name].value for name in names)
        return any(moves_verdict(check.severity, _affects(check, level)) for check in checks)


def _affects(check: Check, level: int) -> bool:
    """Return whether the check moves verdicts at this level; below its own it is only shown."""
    return check.affects_verdict and level >= check.min_level


def _finding(
    loaded: Loaded[Check], host: str, judged: JudgedHost, judgement: Judgement, level: int, risk: str | None
) -> Finding:
    check = loaded.value
    return Finding.model_construct(
        _FINDING_FIELDS,
        check=check.id,
        title=check.title,
        host=host,
        verdict=judgement.verdict,
        reason=judgement.reason,
        observed=judgement.observed,
        severity=check.severity,
        affects_verdict=_affects(check, level),
        high_risk=risk if judgement.high_risk and judgement.verdict in FAILING else None,
        rectify=check.rectify.text,
        evidence=tuple([judged.references[name] for name in probe_ids(check) if name in judged.references]),
        verified_here=f"{judged.platform.distribution}-{judged.platform.version}".lower() in check.verified_on,
        layer=loaded.origin.layer.value,
        digest=loaded.origin.sha256,
    )


_FINDING_FIELDS = set(Finding.model_fields)


def _audited(record: HostRecord, judged: JudgedHost | None, systems: Sequence[ScopedSystem]) -> AuditedHost:
    platform = judged.platform if judged else None
    return AuditedHost(
        name=record.name,
        address=record.address,
        system=", ".join(system.id for system in systems),
        unit=next((system.unit for system in systems if system.unit), ""),
        state=record.state,
        error=record.error,
        reason=record.reason or _remark(judged),
        elapsed_ms=record.elapsed_ms,
        distribution=platform.label if platform else "",
        family=platform.family if platform else "",
        known_platform=platform is None or platform.known,
        privilege=record.privilege,
        provenance=record.provenance,
        clock_offset_ms=record.clock_offset_ms,
        blob=record.blob,
        unread=judged.unread if judged else (),
    )


def _remark(judged: JudgedHost | None) -> Message | None:
    if judged is None:
        return None
    if not judged.platform.known:
        return message("its operating system is not known to this program: nothing could be determined")
    if not judged.same_collector:
        return message("another version of the collector read its facts; the commands shown are those of today")
    return None


def _audited_system(system: ScopedSystem) -> AuditedSystem:
    return AuditedSystem(
        id=system.id,
        name=system.name,
        grading=system.grading,
        level=system.graded.level,
        record_number=system.record_number,
        unit=system.unit,
    )


Kind = Literal["control_point", "category", "system"]


def _groups(
    rulebook: Rulebook, systems: Sequence[ScopedSystem], results: Sequence[ClauseResult]
) -> Iterable[GroupResult]:
    """Yield the counts of each system, its categories and its control points, in the catalogue's order."""
    clauses = rulebook.catalogue.clauses
    for system in systems:
        own = [result for result in results if result.system == system.id]
        titles: dict[tuple[Kind, str], Text] = {("system", system.id): system.name}
        counts: dict[tuple[Kind, str], Counter[str]] = {}
        for result in own:
            for key, title in _memberships(clauses[result.id], system).items():
                titles.setdefault(key, title)
                counts.setdefault(key, Counter())[result.verdict] += 1
        for (kind, name), counted in sorted(counts.items(), key=lambda item: _KINDS.index(item[0][0])):
            yield GroupResult(kind=kind, id=name, system=system.id, title=titles[kind, name], counts=dict(counted))


_KINDS: Sequence[Kind] = ("system", "category", "control_point")


def _memberships(clause: Clause, system: ScopedSystem) -> Mapping[tuple[Kind, str], Text]:
    return {
        ("system", system.id): system.name,
        ("category", clause.category.code): Text(zh=clause.category.zh, en=clause.category.en),
        ("control_point", clause.control_point_id): clause.control_point,
    }
