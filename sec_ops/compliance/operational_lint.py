"""What is wrong with rules of the operational map: parts, kinds and names that lead nowhere, cases that fail."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sec_ops.compliance.catalogue import build_catalogue
from sec_ops.compliance.expression import Names, expression_faults
from sec_ops.compliance.judge import Judgement
from sec_ops.compliance.operational import NAMES, SealedEntry, judge_entry
from sec_ops.content.kinds import CHECKS, CLAUSES, HIGH_RISK, OPERATIONAL
from sec_ops.content.library import Library, LintRule
from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.content import Loaded
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.evidence import KINDS, validated
from sec_ops.model.messages import Message, message
from sec_ops.model.operational import OperationalCase, OperationalRule
from sec_ops.model.verdict import Verdict
from sec_ops.runtime.clock import utc_text

__all__ = ["CASES", "SOUNDNESS", "run_case"]

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_FAILING = frozenset({Verdict.NON_COMPLIANT, Verdict.PARTIAL})


def run_case(rule: OperationalRule, case: OperationalCase) -> Judgement:
    """Return the judgement of a case; raises ContentInvalid when its data is none of the kind."""
    entry = None
    if case.data is not None:
        t = utc_text(_BEGAN - timedelta(hours=case.age_hours))
        data = validated(rule.evidence, case.data)
        entry = SealedEntry(kind=rule.evidence, seq=1, t=t, sha256="", data=data)
    changed = {
        name: value.model_copy(update={"default": case.parameters[name]})
        for name, value in rule.parameters.items()
        if name in case.parameters
    }
    given = rule.model_copy(update={"parameters": {**rule.parameters, **changed}})
    return judge_entry(given, entry, case.system, utc_text(_BEGAN))


def _references(library: Library) -> Iterator[Fault]:
    parts = build_catalogue(library.objects(CLAUSES).values()).part_ids()
    risks, checks = library.objects(HIGH_RISK), library.objects(CHECKS)
    for loaded in library.objects(OPERATIONAL).values():
        rule = loaded.value
        for part in rule.decides:
            if part not in parts:
                text = message("the catalogue has no part {part}", part=part)
                yield _fault(library, loaded, "decides", text, did_you_mean(part, parts))
        if rule.evidence not in KINDS:
            text = message("evidence has no kind {kind}", kind=rule.evidence)
            yield _fault(library, loaded, "evidence", text, did_you_mean(rule.evidence, KINDS))
        risk = rule.high_risk.id if rule.high_risk else None
        if risk is not None and risk not in risks:
            text = message("there is no high-risk situation {risk}", risk=risk)
            yield _fault(library, loaded, "high_risk.id", text, did_you_mean(risk, risks))
        if rule.id in checks:
            yield _fault(library, loaded, "id", message("a check has the id {id} already", id=rule.id))
        if (rule.when is None) != (rule.when_reason is None):
            yield _fault(library, loaded, "when", message("when and when_reason go together"))


def _expressions(library: Library) -> Iterator[Fault]:
    for loaded in library.objects(OPERATIONAL).values():
        rule = loaded.value
        fields = {"when": rule.when, "assert": rule.assert_, "partial": rule.partial, "observed": rule.observed}
        fields |= {f"undecided[{index}].when": each.when for index, each in enumerate(rule.undecided)}
        fields["high_risk.when"] = rule.high_risk.when if rule.high_risk else None
        names = Names(probes=NAMES, parameters=rule.parameters.keys())
        for field, source in fields.items():
            for fault in expression_faults(source, names) if source is not None else ():
                yield _fault(library, loaded, f"{field} {fault.line}:{fault.column}", fault.message)


def _cases(library: Library) -> Iterator[Fault]:
    for loaded in library.objects(OPERATIONAL).values():
        for case in loaded.value.cases:
            try:
                judgement = run_case(loaded.value, case)
            except (ContentInvalid, UsageError) as error:
                yield _fault(library, loaded, "cases", _of_case(case, error.what))
                continue
            if judgement.verdict is not case.expect:
                text = message(
                    "expected {expected}, came to {verdict}: {reason}",
                    expected=case.expect.value,
                    verdict=judgement.verdict.value,
                    reason=judgement.reason if isinstance(judgement.reason, Message) else judgement.reason.en,
                )
                yield _fault(library, loaded, "cases", _of_case(case, text))
            elif judgement.observed_fault:
                text = message("observed came to no result: {why}", why=judgement.observed_fault)
                yield _fault(library, loaded, "cases", _of_case(case, text))


def _needed_cases(library: Library) -> Iterator[Fault]:
    """Ask for a case that passes, one that fails (of a rule that can), one of stale evidence and one of none."""
    for loaded in library.objects(OPERATIONAL).values():
        cases = loaded.value.cases
        expected = {case.expect for case in cases}
        passing = Verdict.MANUAL if loaded.value.person_decides else Verdict.COMPLIANT
        missing = [] if passing in expected else [passing.value]
        can_fail = loaded.value.assert_.strip() != "true"
        missing += [Verdict.NON_COMPLIANT.value] if can_fail and not expected & _FAILING else []
        for name in missing:
            yield _fault(library, loaded, "cases", message("there is no case that expects {verdict}", verdict=name))
        if not any(case.data is None for case in cases):
            yield _fault(library, loaded, "cases", message("there is no case without evidence"))
        if not any(case.data is not None and case.age_hours > loaded.value.fresh_hours for case in cases):
            yield _fault(library, loaded, "cases", message("there is no case of evidence that is too old"))


def _of_case(case: OperationalCase, text: Message) -> Message:
    return message("case “{name}”: {text}", name=case.name, text=text)


def _fault(
    library: Library, loaded: Loaded[OperationalRule], field: str, text: Message, advice: Message | None = None
) -> Fault:
    path = f"{loaded.value.id}.{field}"
    return Fault(file=library.shown(loaded.origin), line=loaded.origin.line, path=path, message=text, advice=advice)


SOUNDNESS: Sequence[LintRule] = (_references, _expressions)
"""What must hold before anything is judged."""

CASES: Sequence[LintRule] = (_needed_cases, _cases)
"""What `content lint` asks beyond that."""
