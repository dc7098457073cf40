"""The operational map: which evidence of operations answers which clause part, under which condition, how fresh."""

from typing import Any, Literal

from pydantic import Field

from sec_ops.model.check import HighRisk, Parameter, Rectify, Severity, Undecided
from sec_ops.model.values import Identifier, NonEmpty, Text, Value
from sec_ops.model.verdict import Verdict

__all__ = ["OperationalCase", "OperationalRule"]


class OperationalCase(Value):
    """A test of the rule: the data of an entry in, verdict out; without data there is no such entry."""

    name: NonEmpty
    expect: Verdict
    data: dict[str, Any] | None = Field(
        default=None, description="data of the entry; it is checked by its kind's model"
    )
    system: NonEmpty = Field(default="s", description="id of the system that is judged")
    age_hours: int = Field(default=1, ge=0, description="age of the entry when the audit began")
    parameters: dict[str, int | bool | str | list[str]] = Field(default_factory=dict)


class OperationalRule(Value):
    """What the newest entry of a kind says of clause parts. Conditions are as those of a check.

    Expressions speak of `fact.entry`, the entry's data, and `fact.system`, the member of its `systems` whose id is that
    of the system judged. An entry that is missing, too old or silent on the system decides nothing.
    """

    id: Identifier
    title: Text
    evidence: NonEmpty = Field(description="kind of the entry, such as logs.summary/1")
    fresh_hours: int = Field(ge=1, le=8784, description="age in hours up to which an entry counts")
    decides: tuple[NonEmpty, ...] = Field(min_length=1, description="clause parts")
    when: str | None = Field(default=None, description="CEL; where it is false the rule doesn't apply")
    when_reason: Text | None = Field(default=None, description="why it doesn't apply; needed with `when`")
    undecided: tuple[Undecided, ...] = ()
    assert_: str = Field(alias="assert", description="CEL over fact and param")
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
    enabled: bool = True
    cases: tuple[OperationalCase, ...] = ()
