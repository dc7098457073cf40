"""What stands in the catalogue beside the clauses: high-risk situations and reference data."""

from typing import Literal

from pydantic import ConfigDict, Field

from sec_ops.model.values import NonEmpty, Text, Value

__all__ = ["Compensation", "HighRiskSituation", "Reference"]

Confidence = Literal["high", "medium", "low"]


class Compensation(Text):
    """What may lower the risk 补偿因素, and whether its source was seen."""

    basis: Literal["sourced", "unverified"]


class HighRiskSituation(Value):
    """One situation 高风险情形 of T/ISEAA 001-2020, told in our own words."""

    id: NonEmpty
    title: Text
    situation: Text
    control_items: tuple[str, ...] = Field(description="ids of level-3 (or level-4) clauses")
    min_level: Literal[1, 2, 3, 4]
    edition: NonEmpty
    levels: tuple[Literal[1, 2, 3, 4], ...]
    confidence: dict[str, Confidence]
    compensation: Compensation | None = None
    applies_when: Text | None = None
    applies_when_confidence: Confidence | None = None
    all_of: tuple[Text, ...] = Field(default=(), description="conditions that hold together")


class Reference(Value):
    """A whole file of reference data, such as grading or scoring; the room that uses it knows its shape."""

    model_config = ConfigDict(frozen=True, extra="allow")
