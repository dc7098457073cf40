"""Judging one check on one host: facts and rule in, verdict out. Nothing unknown becomes a pass."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from sec_ops.compliance.expression import Failed, Scope, evaluate, scope_of
from sec_ops.compliance.parsers import ParsedFact
from sec_ops.compliance.platform import Platform
from sec_ops.model.audit import Reason
from sec_ops.model.check import Check
from sec_ops.model.fact import FactState
from sec_ops.model.messages import Message, message
from sec_ops.model.operational import OperationalRule
from sec_ops.model.text import printable
from sec_ops.model.verdict import Verdict

__all__ = ["Judgement", "ParameterValue", "judge", "judge_rule", "probe_ids"]

ParameterValue = int | bool | str | list[str]
_OBSERVED_LENGTH: Final = 400

_UNANSWERED: Final[Mapping[FactState, Message]] = {
    FactState.UNREADABLE: message("this user may not read it"),
    FactState.FAILED: message("its command failed"),
    FactState.TIMED_OUT: message("it was cut short in time"),
    FactState.TRUNCATED: message("it has more bytes than its bound"),
    FactState.MISSING: message("it never arrived"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a check says of a host. `observed_fault` says why there is nothing to show."""

    verdict: Verdict
    reason: Reason
    observed: str = ""
    observed_fault: str = ""
    high_risk: bool = False


def probe_ids(check: Check) -> tuple[str, ...]:
    """Return the names of the facts that `check` reads."""
    return tuple(probe if isinstance(probe, str) else probe.id for probe in check.probe)


def judge(
    check: Check, facts: Mapping[str, ParsedFact], platform: Platform, parameters: Mapping[str, ParameterValue]
) -> Judgement:
    """Return the verdict of `check` over its facts.

    In this order: platform, unanswered facts, `when`, `undecided`, `assert`, `partial`. An expression that comes to
    no true or false leaves the check undetermined, with the reason. `parameters` replace the check's defaults.
    """
    if unanswered := _unanswered(check, facts, platform):
        return Judgement(verdict=Verdict.UNDETERMINED, reason=unanswered)
    return judge_rule(check, _variables(check, facts, platform, parameters))


def judge_rule(rule: Check | OperationalRule, variables: Mapping[str, Mapping[str, Any]]) -> Judgement:
    """Return the verdict of a rule's expressions over `variables` (fact, param, host)."""
    scope = scope_of(variables)
    try:
        verdict, reason = _decide(rule, scope)
    except _Undetermined as undetermined:
        verdict, reason = Verdict.UNDETERMINED, undetermined.reason
    observed, fault = _observed(rule.observed, scope)
    return Judgement(
        verdict=verdict,
        reason=reason,
        observed=observed,
        observed_fault=fault,
        high_risk=verdict is Verdict.NON_COMPLIANT and _is_high_risk(rule, scope),
    )


class _Undetermined(Exception):
    """A rule that comes to no verdict; never leaves this module."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _unanswered(check: Check, facts: Mapping[str, ParsedFact], platform: Platform) -> Message | None:
    if not platform.known:
        return message("the operating system {name} is not known to this program", name=platform.label or "?")
    for name in probe_ids(check):
        fact = facts.get(name, ParsedFact(state=FactState.MISSING))
        why = fact.fault or _UNANSWERED.get(fact.state)
        if why:
            return message("fact {fact}: {why}", fact=name, why=why)
    return None


def _variables(
    check: Check, facts: Mapping[str, ParsedFact], platform: Platform, parameters: Mapping[str, ParameterValue]
) -> dict[str, dict[str, Any]]:
    defaults = {name: parameter.default for name, parameter in check.parameters.items()}
    return {
        "fact": {name: facts[name].value for name in probe_ids(check)},
        "param": {**defaults, **{name: value for name, value in parameters.items() if name in defaults}},
        "host": asdict(platform),
    }


def _decide(check: Check | OperationalRule, scope: Scope | Failed) -> tuple[Verdict, Reason]:
    if check.when is not None and not _holds("when", check.when, scope):
        return Verdict.NOT_APPLICABLE, check.when_reason or message("the check doesn't apply here")
    for condition in check.undecided:
        if _holds("undecided", condition.when, scope):
            return Verdict.UNDETERMINED, condition.reason
    if _holds("assert", check.assert_, scope):
        if check.person_decides:
            return Verdict.MANUAL, message("the facts raise no objection; a person must confirm")
        return Verdict.COMPLIANT, message("as required")
    if check.partial is not None and _holds("partial", check.partial, scope):
        return Verdict.PARTIAL, message("only in part as required")
    return Verdict.NON_COMPLIANT, message("not as required")


def _holds(name: str, source: str, scope: Scope | Failed) -> bool:
    value = evaluate(source, scope)
    if isinstance(value, Failed):
        raise _Undetermined(message("the rule ({name}) came to no result: {why}", name=name, why=value.why))
    if not isinstance(value, bool):
        raise _Undetermined(message("the rule ({name}) gave neither true nor false", name=name))
    return value


def _is_high_risk(check: Check | OperationalRule, scope: Scope | Failed) -> bool:
    """Say whether a failure is a high-risk one; a condition that comes to no result doesn't play it down."""
    if check.high_risk is None:
        return False
    return check.high_risk.when is None or evaluate(check.high_risk.when, scope) is not False


def _observed(source: str | None, scope: Scope | Failed) -> tuple[str, str]:
    value = "" if source is None else evaluate(source, scope)
    return ("", value.why) if isinstance(value, Failed) else (_shown(value), "")


def _shown(value: object) -> str:
    if isinstance(value, list):
        # What CEL makes of a map comes in another order each time; judging again has to say the same.
        text = ", ".join(sorted(_shown(item) for item in value)[:50])
    elif isinstance(value, str):
        text = value
    else:
        text = "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    spoken = printable(text)
    return spoken if len(spoken) <= _OBSERVED_LENGTH else spoken[:_OBSERVED_LENGTH] + "…"
