"""Judging what operations have sealed: the newest entry of each kind, and what the operational map makes of it.

The entries an audit judged by are kept with its run, with the time it began: judged again they say the same.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import Field

from sec_ops.compliance.judge import Judgement, judge_rule
from sec_ops.compliance.rulebook import Rulebook
from sec_ops.compliance.scope import HOSTS, LOCAL, PACKS
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.audit import FactReference, Finding
from sec_ops.model.canonical import canonical_json
from sec_ops.model.content import Loaded
from sec_ops.model.evidence import Entry
from sec_ops.model.messages import message
from sec_ops.model.operational import OperationalRule
from sec_ops.model.text import printable
from sec_ops.model.values import Value
from sec_ops.model.verdict import Verdict

__all__ = ["NAMES", "Operations", "SealedEntry", "judge_operations", "judged_by_operations", "read_operations"]

NAMES = frozenset({"entry", "system"})
"""What `fact.` has in the rules' expressions."""

_AD_HOC = frozenset({LOCAL, HOSTS, PACKS})
_HOUR_SECONDS = 3600
_AHEAD_SECONDS = 300  # two machines' clocks may differ; what is sealed later than that is no fact of today
_EXCERPT = 800


class SealedEntry(Value):
    """An entry of the evidence log as an audit read it; `sha256` is that of its line."""

    kind: str
    seq: int
    t: str
    sha256: str
    blob: str = ""
    data: dict[str, Any] = Field(default_factory=dict)


class Operations(Value):
    """The newest entry of each kind the map asks for, when the audit began (RFC 3339)."""

    as_of: str
    entries: tuple[SealedEntry, ...] = ()

    def of(self, kind: str) -> SealedEntry | None:
        """Return the entry of a kind."""
        return next((each for each in self.entries if each.kind == kind), None)


def read_operations(log: EvidenceLog, kinds: Iterable[str], as_of: str) -> Operations:
    """Return the newest entry of each kind; raises EvidenceBroken and StorageError."""
    wanted = frozenset(kinds)
    newest = {entry.kind: entry for entry in log.entries() if entry.kind in wanted} if wanted else {}
    return Operations(as_of=as_of, entries=tuple(_sealed(each) for each in newest.values()))


def judged_by_operations(system: str) -> bool:
    """Return whether operations can speak of a system: not of hosts that were chosen for one audit."""
    return system not in _AD_HOC


def judge_operations(rulebook: Rulebook, operations: Operations, system: str, level: int) -> list[Finding]:
    """Return one finding for each rule of the map."""
    rules = rulebook.operational.values()
    return [_finding(loaded, operations, system, level, rulebook) for loaded in rules]


def judge_entry(rule: OperationalRule, entry: SealedEntry | None, system: str, as_of: str) -> Judgement:
    """Return what a rule says of a system by an entry, which has to be there, fresh, and to speak of the system."""
    fault = _unusable(rule, entry, system, as_of)
    if entry is None or fault is not None:
        return Judgement(verdict=Verdict.UNDETERMINED, reason=fault or message("it never arrived"))
    facts = {"entry": entry.data, "system": _system(entry, system)}
    parameters = {name: parameter.default for name, parameter in rule.parameters.items()}
    return judge_rule(rule, {"fact": facts, "param": parameters, "host": {}})


def _unusable(rule: OperationalRule, entry: SealedEntry | None, system: str, as_of: str) -> Any:  # noqa: ANN401 - Message | None
    if entry is None:
        return message("there is no {kind} in the evidence", kind=rule.evidence)
    age = datetime.fromisoformat(as_of) - datetime.fromisoformat(entry.t)
    if age.total_seconds() < -_AHEAD_SECONDS:
        return message("the newest {kind} is of {time}: later than this audit", kind=rule.evidence, time=entry.t)
    if age.total_seconds() > rule.fresh_hours * _HOUR_SECONDS:
        return message(
            "the newest {kind} is of {time}: older than {hours} hours",
            kind=rule.evidence,
            time=entry.t,
            hours=rule.fresh_hours,
        )
    if not _system(entry, system):
        return message("the {kind} does not speak of this system", kind=rule.evidence)
    return None


def _system(entry: SealedEntry, system: str) -> Mapping[str, Any]:
    systems = entry.data.get("systems", ())
    return next((each for each in systems if isinstance(each, Mapping) and each.get("id") == system), {})


def _sealed(entry: Entry) -> SealedEntry:
    return SealedEntry(
        kind=entry.kind,
        seq=entry.seq,
        t=entry.t,
        sha256=sha256(canonical_json(entry.document())).hexdigest(),
        blob=entry.blob.sha256 if entry.blob else "",
        data=dict(entry.data),
    )


def _finding(
    loaded: Loaded[OperationalRule], operations: Operations, system: str, level: int, rulebook: Rulebook
) -> Finding:
    rule = loaded.value
    entry = operations.of(rule.evidence)
    judgement = judge_entry(rule, entry, system, operations.as_of)
    situation = rulebook.high_risk.get(rule.high_risk.id or "") if rule.high_risk else None
    risky = judgement.high_risk and situation is not None and level in situation.levels
    return Finding(
        check=rule.id,
        title=rule.title,
        host=system,
        verdict=judgement.verdict,
        reason=judgement.reason,
        observed=judgement.observed,
        severity=rule.severity,
        affects_verdict=rule.affects_verdict and level >= rule.min_level,
        high_risk=situation.id if risky and situation else None,
        rectify=rule.rectify.text,
        evidence=_references(entry),
        verified_here=True,
        layer=loaded.origin.layer.value,
        digest=loaded.origin.sha256,
    )


def _references(entry: SealedEntry | None) -> tuple[FactReference, ...]:
    if entry is None:
        return ()
    reference = FactReference(
        blob=entry.blob,
        fact=entry.kind,
        command=f"evidence log, entry {entry.seq}",
        state="sealed",
        sha256=entry.sha256,
        collected_at=entry.t,
        excerpt=printable(canonical_json(entry.data).decode())[:_EXCERPT],
    )
    return (reference,)
