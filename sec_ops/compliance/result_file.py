"""A result as it is kept: what many findings share stands once, so that a fleet's result stays small.

Titles and advice stand once a check, commands once a fact, excerpts once a distinct output, references once a host.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sec_ops.model.audit import AuditResult, FactReference, Finding
from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.messages import message

__all__ = ["from_document", "to_bytes", "to_document"]

_OF_CHECK = ("title", "severity", "rectify", "layer", "digest")
_OF_FINDING = ("check", "host", "verdict", "reason", "observed", "affects_verdict", "high_risk", "verified_here")
_OF_REFERENCE = ("blob", "fact", "state", "sha256", "collected_at")


def to_document(result: AuditResult) -> dict[str, Any]:
    """Return the result as JSON values."""
    references: dict[tuple[str, str], FactReference] = {}
    for finding in result.findings:
        references.update(((each.blob, each.fact), each) for each in finding.evidence)
    numbers = {key: number for number, key in enumerate(references)}
    return {
        **result.model_dump(mode="json", exclude={"findings"}),
        "checks": {each.check: each.model_dump(mode="json", include=set(_OF_CHECK)) for each in result.findings},
        "commands": {each.fact: each.command for each in references.values()},
        "excerpts": {each.sha256: each.excerpt for each in references.values()},
        "references": [each.model_dump(mode="json", include=set(_OF_REFERENCE)) for each in references.values()],
        "findings": [
            each.model_dump(mode="json", include=set(_OF_FINDING))
            | {"evidence": [numbers[reference.blob, reference.fact] for reference in each.evidence]}
            for each in result.findings
        ],
    }


def to_bytes(result: AuditResult) -> bytes:
    """Return the result as one line of JSON: the run's file and the sealed blob, byte by byte the same."""
    spelled = json.dumps(to_document(result), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return spelled.encode("utf-8", "backslashreplace") + b"\n"


def from_document(document: Mapping[str, Any]) -> AuditResult:
    """Return the result that `to_document` wrote; raises EvidenceBroken when the file is not whole."""
    try:
        references = [_reference(each, document) for each in document["references"]]
        findings = [_finding(each, document["checks"], references) for each in document["findings"]]
        rest = {name: value for name, value in document.items() if name in AuditResult.model_fields}
        return AuditResult.model_validate(rest | {"findings": findings})
    except (KeyError, IndexError, TypeError, ValidationError) as error:
        what = message("the run's result is not whole")
        advice = message("judge its sealed facts again: sec-ops audit run --from RUN")
        raise EvidenceBroken(what, why=str(error)[:200], advice=advice) from error


def _reference(each: Mapping[str, str], document: Mapping[str, Any]) -> FactReference:
    command, excerpt = document["commands"][each["fact"]], document["excerpts"][each["sha256"]]
    return FactReference(**each, command=command, excerpt=excerpt)


def _finding(
    each: Mapping[str, Any], checks: Mapping[str, Mapping[str, Any]], references: Sequence[FactReference]
) -> Finding:
    evidence = tuple(references[number] for number in each["evidence"])
    return Finding.model_validate({**checks[each["check"]], **each, "evidence": evidence})
