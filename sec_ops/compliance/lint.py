"""What is wrong with checks and probes beyond their shape: names that lead nowhere, rules that can't be judged."""

from collections.abc import Iterator, Mapping, Sequence

from sec_ops.compliance import operational_lint
from sec_ops.compliance.cases import case_fault, probes_of
from sec_ops.compliance.catalogue import build_catalogue
from sec_ops.compliance.expression import Names, expression_faults
from sec_ops.compliance.parsers import parser_names, parser_of, unknown_options
from sec_ops.content.kinds import CHECKS, CLAUSES, HIGH_RISK, PROBES
from sec_ops.content.library import Library, LintRule
from sec_ops.content.model_faults import did_you_mean
from sec_ops.model.check import Check, Probe
from sec_ops.model.content import Loaded, Origin
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.verdict import Verdict

__all__ = ["RULES", "SOUNDNESS", "expressions_of"]


def expressions_of(check: Check) -> dict[str, str]:
    """Return the check's expressions by the field they stand in."""
    fields = {"when": check.when, "assert": check.assert_, "partial": check.partial, "observed": check.observed}
    fields |= {f"undecided[{index}].when": each.when for index, each in enumerate(check.undecided)}
    fields["high_risk.when"] = check.high_risk.when if check.high_risk else None
    return {name: source for name, source in fields.items() if source is not None}


def _parts(library: Library) -> Iterator[Fault]:
    known = build_catalogue(library.objects(CLAUSES).values()).part_ids()
    for loaded in library.objects(CHECKS).values():
        for part in loaded.value.decides:
            if part not in known:
                text = message("the catalogue has no part {part}", part=part)
                yield _fault(library, loaded.origin, f"{loaded.value.id}.decides", text, did_you_mean(part, known))


def _probe_names(library: Library) -> Iterator[Fault]:
    shared = library.objects(PROBES)
    for loaded in library.objects(CHECKS).values():
        for probe in loaded.value.probe:
            if isinstance(probe, str) and probe not in shared:
                text = message("there is no probe {probe}", probe=probe)
                yield _fault(library, loaded.origin, f"{loaded.value.id}.probe", text, did_you_mean(probe, shared))


def _one_probe_of_an_id(library: Library) -> Iterator[Fault]:
    """Tell of probes that share an id but not their content: a host has one fact of that name."""
    first: dict[str, Probe] = {name: loaded.value for name, loaded in library.objects(PROBES).items()}
    for loaded in library.objects(CHECKS).values():
        for probe in loaded.value.probe:
            if isinstance(probe, Probe) and first.setdefault(probe.id, probe) != probe:
                text = message("another probe is called {probe} too", probe=probe.id)
                yield _fault(library, loaded.origin, f"{loaded.value.id}.probe.{probe.id}", text)


def _parsers(library: Library) -> Iterator[Fault]:
    for origin, probe in _all_probes(library):
        name, _ = parser_of(probe)
        if name not in parser_names():
            text = message("there is no parser {parser}", parser=name)
            yield _fault(library, origin, f"{probe.id}.parse", text, did_you_mean(name, parser_names()))
        else:
            for option in unknown_options(probe):
                text = message("parser {parser} has no option {option}", parser=name, option=option)
                yield _fault(library, origin, f"{probe.id}.parse.{name}.{option}", text)


def _all_probes(library: Library) -> Iterator[tuple[Origin, Probe]]:
    for shared in library.objects(PROBES).values():
        yield shared.origin, shared.value
    for check in library.objects(CHECKS).values():
        for probe in check.value.probe:
            if isinstance(probe, Probe):
                yield check.origin, probe


def _expressions(library: Library) -> Iterator[Fault]:
    shared = _shared(library)
    for loaded in library.objects(CHECKS).values():
        check = loaded.value
        names = Names(probes=probes_of(check, shared).keys(), parameters=check.parameters.keys())
        for field, source in expressions_of(check).items():
            for fault in expression_faults(source, names):
                place = f"{check.id}.{field} {fault.line}:{fault.column}"
                yield _fault(library, loaded.origin, place, fault.message)


def _reasons(library: Library) -> Iterator[Fault]:
    for loaded in library.objects(CHECKS).values():
        if (loaded.value.when is None) != (loaded.value.when_reason is None):
            text = message("when and when_reason go together")
            yield _fault(library, loaded.origin, f"{loaded.value.id}.when", text)


def _high_risks(library: Library) -> Iterator[Fault]:
    known = library.objects(HIGH_RISK)
    for loaded in library.objects(CHECKS).values():
        risk = loaded.value.high_risk.id if loaded.value.high_risk else None
        if risk is not None and risk not in known:
            text = message("there is no high-risk situation {risk}", risk=risk)
            yield _fault(library, loaded.origin, f"{loaded.value.id}.high_risk.id", text, did_you_mean(risk, known))


def _cases(library: Library) -> Iterator[Fault]:
    shared = _shared(library)
    for loaded in library.objects(CHECKS).values():
        for case in loaded.value.cases:
            if fault := case_fault(loaded.value, case, shared):
                yield _fault(library, loaded.origin, f"{loaded.value.id}.cases", _case(fault.case, fault.message))


def _needed_cases(library: Library) -> Iterator[Fault]:
    for loaded in library.objects(CHECKS).values():
        for verdict in _needed(loaded) - {case.expect for case in loaded.value.cases}:
            text = message("there is no case that expects {verdict}", verdict=verdict.value)
            yield _fault(library, loaded.origin, f"{loaded.value.id}.cases", text)


def _needed(loaded: Loaded[Check]) -> set[Verdict]:
    check = loaded.value
    passing = Verdict.MANUAL if check.person_decides else Verdict.COMPLIANT
    deciding = bool(check.decides) and not check.person_decides
    return {passing, Verdict.NON_COMPLIANT} if deciding else {passing}


def _case(name: str, text: Message) -> Message:
    return message("case “{name}”: {text}", name=name, text=text)


def _shared(library: Library) -> Mapping[str, Probe]:
    return {name: loaded.value for name, loaded in library.objects(PROBES).items()}


def _fault(library: Library, origin: Origin, path: str, text: Message, advice: Message | None = None) -> Fault:
    return Fault(file=library.shown(origin), line=origin.line, path=path, message=text, advice=advice)


SOUNDNESS: Sequence[LintRule] = (
    _parts,
    _probe_names,
    _one_probe_of_an_id,
    _parsers,
    _expressions,
    _reasons,
    _high_risks,
    *operational_lint.SOUNDNESS,
)
"""What must hold before anything runs."""

RULES: Sequence[LintRule] = (
    *SOUNDNESS,
    _needed_cases,
    _cases,
    *operational_lint.CASES,
)
"""All rules of this room for `content lint`: the cases of every check too."""
