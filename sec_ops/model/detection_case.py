"""Tests of detection rules: `rules/detection/<source>/<rule>.cases.yml` beside the rule they test."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value, Zone

__all__ = ["CaseLog", "DetectionCase", "DetectionCases"]


class CaseLog(Value):
    """Lines of one log, as a source would hand them over."""

    path: NonEmpty = Field(description="where the log lies on its host, such as /var/log/auth.log; leads to its parser")
    parser: Identifier | None = Field(default=None, description="the parser, where the path doesn't lead to it")
    host: str = Field(default="server-1", description="the machine the log is from, as its source would say")
    lines: NonEmpty = Field(description="one record a line")
    repeat: int = Field(
        default=1,
        ge=1,
        le=5_000,
        description="how often the lines come; {n} in them is 1, 2 …, {nn} 01, 02 …, {nnn} 001, 002 …",
    )

    def records(self) -> tuple[str, ...]:
        """Return the lines, as often as they come, with their numbers put in."""
        lines = self.lines.splitlines()
        return tuple(_numbered(line, n) for n in range(1, self.repeat + 1) for line in lines)


def _numbered(line: str, n: int) -> str:
    return line.replace("{n}", str(n)).replace("{nn}", f"{n:02}").replace("{nnn}", f"{n:03}")


class DetectionCase(Value):
    """What a rule is given, and whether it finds it.

    With `match`, a rule over single events finds each of them and a correlation fires at least once; with `none`,
    nothing is found. `logs` go through the parsers, in their order; `events` are given as the shape has them.
    """

    about: NonEmpty = Field(description="what happened, in a few words")
    expect: Literal["match", "none"]
    logs: tuple[CaseLog, ...] = ()
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
