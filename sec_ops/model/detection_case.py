"""Tests of detection rules: `rules/detection/<source>/<rule>.cases.yml` beside the rule they test."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value, Zone

__all__ = ["DetectionCase", "DetectionCases", "Log"]


class Log(Value):
    """Lines of one log, as a source would hand them over."""

    path: NonEmpty = Field(description="where the log lies on its host, such as /var/log/auth.log; leads to its parser")
    parser: Identifier | None = Field(default=None, description="the parser, where the path doesn't lead to it")
    lines: NonEmpty = Field(description="one record a line")


class DetectionCase(Value):
    """What a rule is given, and whether it finds it.

    With `match`, a rule over single events finds each of them and a correlation fires at least once; with `none`,
    nothing is found. `logs` go through the parsers that the site would use, `events` are given as the shape has them.
    """

    about: NonEmpty = Field(description="what happened, in a few words")
    expect: Literal["match", "none"]
    logs: tuple[Log, ...] = ()
    events: tuple[dict[str, Any], ...] = Field(default=(), description="flat maps of names to values")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.logs) == bool(self.events):
            raise RuleBroken(message("a case has either logs or events"))
        return self


class DetectionCases(Value):
    """The cases of one rule.

    They hold whatever a site sets: times without a zone are of `zone`, and the rule's placeholders are `placeholders`
    over the shipped ones.
    """

    zone: Zone = "Asia/Shanghai"
    placeholders: dict[NonEmpty, tuple[str | int, ...]] = Field(default_factory=dict)
    cases: tuple[DetectionCase, ...] = Field(min_length=1)
