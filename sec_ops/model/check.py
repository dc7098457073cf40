"""Checks 核查: a fact and a rule that decides parts of clauses. One check a file, its cases in the same file."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from sec_ops.model.fact import FactState
from sec_ops.model.values import Identifier, NonEmpty, Text, Value
from sec_ops.model.verdict import Verdict

__all__ = [
    "Case",
    "CaseFact",
    "Check",
    "HighRisk",
    "Parameter",
    "Probe",
    "Rectify",
    "Severity",
    "Undecided",
    "moves_verdict",
]


class Severity(StrEnum):
    """How much a failure matters; `low` is shown and never moves a verdict."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def moves_verdict(severity: Severity, affects_verdict: bool) -> bool:  # noqa: FBT001 - the finding's own fields
    """Return whether a finding counts; `low` and `affects_verdict: false` are shown and never move a verdict."""
    return affects_verdict and severity is not Severity.LOW


class Probe(Value):
    """What the collector runs on a host: a read-only POSIX sh snippet, and how its output is parsed."""

    id: NonEmpty = Field(pattern=r"^[a-z][a-z0-9_]*$", description="name of the fact in expressions")
    run: NonEmpty = Field(description="POSIX sh; exit 120 says absent, 121 unreadable (`show FILE` does both)")
    parse: str | dict[str, dict[str, Any]] = Field(default="text", description="parser, or {parser: options}")
    ok_exit: tuple[int, ...] = Field(default=(0,), description="exit codes that are answers")
    bytes_bound: int = Field(default=262_144, ge=1, le=4_194_304)
    seconds_bound: int = Field(default=10, ge=1, le=60)
    title: Text | None = None


class Parameter(Value):
    """A value an organisation may change in its overlay."""

    default: int | bool | str | list[str]
    title: Text


class HighRisk(Value):
    """A high-risk situation 高风险 (catalog/high_risk.yml) that a failure of this check is evidence of."""

    id: str | None = None
    when: str | None = Field(default=None, description="CEL; without it every failure counts")


class Undecided(Value):
    """A condition under which the facts at hand can't decide."""

    when: NonEmpty = Field(description="CEL over fact, param and host")
    reason: Text


class Rectify(Value):
    """How to mend 整改."""

    text: Text
    playbook: str | None = None


class CaseFact(Value):
    """A probe's result in a case, when it isn't plain output."""

    state: FactState
    text: str = ""


class Case(Value):
    """A test of the check: raw outputs in, verdict out. The expected verdict stands in the name of the field."""

    name: NonEmpty
    expect: Verdict
    facts: dict[str, str | CaseFact] = Field(description="probe id to raw output, before parsing")
    host: dict[str, str] = Field(default_factory=dict, description="family, distribution, version; default Debian 12")
    parameters: dict[str, int | bool | str | list[str]] = Field(default_factory=dict)


class Check(Value):
    """A check. `assert` holds: compliant; else `partial` holds: partial; else non-compliant."""

    id: Identifier
    title: Text
    decides: tuple[str, ...] = Field(description="clause parts; empty for information only")
    platform: Literal["linux"]
    probe: tuple[str | Probe, ...] = Field(min_length=1, description="shared probes by id, or probes of its own")
    when: str | None = Field(default=None, description="CEL; where it is false the check doesn't apply")
    when_reason: Text | None = Field(default=None, description="why it doesn't apply; needed with `when`")
    undecided: tuple[Undecided, ...] = ()
    assert_: str = Field(alias="assert", description="CEL over fact, param and host")
    partial: str | None = None
    observed: str | None = Field(default=None, description="CEL: the value to show a person")
    person_decides: bool = Field(default=False, description="facts are shown, a person says: never compliant by itself")
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    severity: Severity = Severity.MEDIUM
    min_level: Literal[1, 2, 3, 4] = 1
    affects_verdict: bool = True
    high_risk: HighRisk | None = None
    rationale: Text
    rectify: Rectify
    references: tuple[str, ...] = ()
    verified_on: tuple[str, ...] = Field(default=(), description="platforms where it was proved on a real system")
    enabled: bool = True
    cases: tuple[Case, ...] = ()
