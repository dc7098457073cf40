"""Parts and clauses of a system: what its hosts' findings and its open questions make of them, and the words for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sec_ops.compliance.algebra import FAILING, OPEN, clause_verdict, moves_verdict, part_verdict
from sec_ops.model.audit import ClauseResult, Finding, PartResult, Reason
from sec_ops.model.clause import Clause, Method, Part
from sec_ops.model.messages import Message, message
from sec_ops.model.organisation import ObjectKind
from sec_ops.model.verdict import Verdict

__all__ = ["SystemView", "judge_clause"]

_HOST: Final = ObjectKind.SERVER.value
_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemView:
    """What is known of one system: findings by the part they decide, hosts nobody could see, its other objects.

    `decidable` are the parts that checks of hosts decide, `operational` those on which operations have a say.
    """

    id: str
    findings: Sequence[Finding]
    indexes: Mapping[str, Sequence[int]]
    decidable: frozenset[str]
    unseen: tuple[str, ...]
    seen: int
    other_objects: Mapping[str, Sequence[str]]
    not_applicable: Mapping[str, Reason]
    disabled: Mapping[str, Sequence[str]] = field(default_factory=dict)
    operational: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Open:
    """A question that is open beside the findings."""

    verdict: Verdict
    reason: Message


def judge_clause(clause: Clause, view: SystemView) -> ClauseResult:
    """Return the result of `clause` for the system."""
    recorded = view.not_applicable.get(clause.id)
    parts = tuple(_judge_part(part, view, recorded) for part in clause.parts)
    counted = [view.findings[index] for part in parts for index in part.findings]
    risks = {
        finding.high_risk
        for finding in counted
        if finding.high_risk and finding.verdict in FAILING and moves_verdict(finding.severity, finding.affects_verdict)
    }
    verdict = clause_verdict(part.verdict for part in parts)
    return ClauseResult(
        id=clause.id,
        system=view.id,
        level=clause.level,
        requirement_set=clause.requirement_set.value,
        category=clause.category.code,
        control_point=clause.control_point_id,
        statement=clause.statement,
        weight=clause.weight,
        verdict=verdict,
        reason=recorded or _clause_reason(verdict, parts),
        open_parts=tuple(part.id for part in parts if part.verdict in OPEN),
        high_risk=tuple(sorted(risks)),
        parts=parts,
    )


def _judge_part(part: Part, view: SystemView, recorded: Reason | None) -> PartResult:
    indexes = view.indexes.get(_decided_as(part), ())
    if recorded is not None:
        verdict, reason = Verdict.NOT_APPLICABLE, recorded
    else:
        findings = [view.findings[index] for index in indexes]
        moving = [finding for finding in findings if moves_verdict(finding.severity, finding.affects_verdict)]
        questions = list(_questions(part, view))
        verdict = part_verdict([finding.verdict for finding in moving] + [each.verdict for each in questions])
        reason = _part_reason(verdict, moving, questions)
    return PartResult(id=part.id, title=part.title, verdict=verdict, reason=reason, findings=tuple(indexes))


def _decided_as(part: Part) -> str:
    """Return the id under which checks name this part: its level-3 twin's."""
    return part.same_as or part.id


def _questions(part: Part, view: SystemView) -> Iterable[_Open]:
    """Yield what stays open whatever the findings say."""
    if off := view.disabled.get(_decided_as(part)):
        yield _Open(
            Verdict.MANUAL, message("the site has switched off {checks}; a person must judge", checks=_some(off))
        )
    by_checks = _decided_as(part) in view.decidable
    if not by_checks and _decided_as(part) not in view.operational:
        yield _Open(Verdict.MANUAL, message("no check decides this; a person must judge it"))
        return
    if by_checks:
        yield from _unseen_hosts(view)
    others = [name for kind in part.objects for name in view.other_objects.get(kind, ())]
    if others:
        yield _Open(Verdict.MANUAL, message("a person must judge these objects: {names}", names=_some(others)))
    if _HOST not in part.objects or part.method_by_object.get(_HOST, part.method) is not Method.AUTOMATED:
        yield _Open(Verdict.MANUAL, message("facts help, but a person must judge this"))


def _unseen_hosts(view: SystemView) -> Iterable[_Open]:
    if view.unseen:
        text = message("{count} hosts could not be read: {names}", count=len(view.unseen), names=_some(view.unseen))
        yield _Open(Verdict.UNDETERMINED, text)
    elif not view.seen:
        yield _Open(Verdict.UNDETERMINED, message("no host of the system was audited"))


def _part_reason(verdict: Verdict, moving: Sequence[Finding], questions: Sequence[_Open]) -> Reason:
    if verdict is Verdict.COMPLIANT:
        return message("all checks on all hosts hold: {checks}", checks=_some(_checks(moving)))
    own = [finding for finding in moving if finding.verdict is verdict]
    if verdict is Verdict.NOT_APPLICABLE:
        return own[0].reason
    found = [_found(verdict, own)] if own else []
    if verdict in FAILING:
        return found[0]
    return _joined(found + [each.reason for each in questions if each.verdict is verdict])


def _found(verdict: Verdict, findings: Sequence[Finding]) -> Message:
    checks, hosts = _some(_checks(findings)), _some(dict.fromkeys(finding.host for finding in findings))
    match verdict:
        case Verdict.NON_COMPLIANT:
            return message("not as required: {checks} (hosts: {hosts})", checks=checks, hosts=hosts)
        case Verdict.PARTIAL:
            return message("only in part as required: {checks} (hosts: {hosts})", checks=checks, hosts=hosts)
        case Verdict.UNDETERMINED:
            return message("facts are missing for {checks} (hosts: {hosts})", checks=checks, hosts=hosts)
        case _:
            return message("a person must look at {checks} (hosts: {hosts})", checks=checks, hosts=hosts)


def _clause_reason(verdict: Verdict, parts: Sequence[PartResult]) -> Reason:
    if verdict is Verdict.COMPLIANT:
        return message("all parts that apply are met")
    if verdict is Verdict.NOT_APPLICABLE:
        return parts[0].reason
    if len(parts) == 1:
        return parts[0].reason
    named = {each: ", ".join(part.id for part in parts if part.verdict is each) for each in FAILING | OPEN}
    said = [
        message("not met: {parts}", parts=named[Verdict.NON_COMPLIANT]),
        message("met in part: {parts}", parts=named[Verdict.PARTIAL]),
        message("facts are missing: {parts}", parts=named[Verdict.UNDETERMINED]),
        message("waiting for a person: {parts}", parts=named[Verdict.MANUAL]),
    ]
    return _joined([each for each in said if each.values["parts"]])


def _joined(reasons: Sequence[Message]) -> Message:
    first, *rest = reasons
    return message("{first}; {rest}", first=first, rest=_joined(rest)) if rest else first


def _checks(findings: Iterable[Finding]) -> list[str]:
    return sorted({finding.check for finding in findings})


def _some(names: Iterable[str]) -> str:
    """Return the first names, and how many more there are."""
    listed = list(names)
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" (+{more})" if more > 0 else "")
