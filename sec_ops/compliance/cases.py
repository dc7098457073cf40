"""Running the cases that stand in a check's file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from sec_ops.compliance.judge import Judgement, judge
from sec_ops.compliance.parsers import parse_fact
from sec_ops.compliance.platform import Platform, family_of
from sec_ops.model.check import Case, CaseFact, Check, Probe
from sec_ops.model.fact import Fact, FactState
from sec_ops.model.messages import Message, message

__all__ = ["CaseFault", "case_fault", "probes_of", "run_case"]

_DEFAULT_OF_FAMILY = {"debian": ("debian", "12"), "rhel": ("openEuler", "22.03"), "unknown": ("unheard-of", "1")}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFault:
    """A case whose verdict isn't the expected one."""

    case: str
    message: Message


def probes_of(check: Check, shared: Mapping[str, Probe]) -> dict[str, Probe]:
    """Return the check's probes by name; shared ones that don't exist are left out."""
    named = {probe: shared[probe] for probe in check.probe if isinstance(probe, str) and probe in shared}
    return named | {probe.id: probe for probe in check.probe if isinstance(probe, Probe)}


def run_case(check: Check, case: Case, shared: Mapping[str, Probe]) -> Judgement:
    """Return the judgement of `check` over the facts of `case`; a fact the case leaves out never arrived."""
    probes = probes_of(check, shared)
    facts = {name: parse_fact(_fact(name, given), probes[name]) for name, given in case.facts.items() if name in probes}
    return judge(check, facts, _platform(case), case.parameters)


def case_fault(check: Check, case: Case, shared: Mapping[str, Probe]) -> CaseFault | None:
    """Return what is wrong with the case: facts and parameters the check doesn't know, another verdict."""
    unknown = sorted((case.facts.keys() - probes_of(check, shared)) | (case.parameters.keys() - check.parameters))
    if unknown:
        text = message("the check has no probe or parameter {names}", names=", ".join(unknown))
        return CaseFault(case=case.name, message=text)
    judgement = run_case(check, case, shared)
    if judgement.verdict is not case.expect:
        text = message(
            "expected {expected}, came to {verdict}: {reason}",
            expected=case.expect.value,
            verdict=judgement.verdict.value,
            reason=judgement.reason if isinstance(judgement.reason, Message) else judgement.reason.en,
        )
        return CaseFault(case=case.name, message=text)
    if judgement.observed_fault:
        text = message("observed came to no result: {why}", why=judgement.observed_fault)
        return CaseFault(case=case.name, message=text)
    return None


def _fact(name: str, given: str | CaseFact) -> Fact:
    state, text = (FactState.READ, given) if isinstance(given, str) else (given.state, given.text)
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return Fact(id=name, state=state, exit_code=0, text=text, sha256=digest, elapsed_ms=0)


def _platform(case: Case) -> Platform:
    given = case.host
    if "distribution" in given and "family" not in given:
        return Platform(
            family=family_of(given["distribution"]),
            distribution=given["distribution"],
            version=given.get("version", ""),
        )
    family = given.get("family", "debian")
    distribution, version = _DEFAULT_OF_FAMILY.get(family, _DEFAULT_OF_FAMILY["unknown"])
    return Platform(
        family=family,
        distribution=given.get("distribution", distribution),
        version=given.get("version", version),
    )
