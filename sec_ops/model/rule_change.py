"""What a site changes about single detection rules, its own or others': `rules/detection/changes.yml`."""

from typing import Literal, Self

from pydantic import Field, StrictBool, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value

__all__ = ["RuleChange"]


class RuleChange(Value):
    """A rule that is switched off or on, or has another level here; it outlives updates of the rule."""

    id: NonEmpty = Field(description="id of the rule or correlation")
    enabled: StrictBool | None = Field(default=None, description="false: the rule isn't judged")
    level: Literal["informational", "low", "medium", "high", "critical"] | None = None
    reason: NonEmpty = Field(description="why, for whoever reads this next year")

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.enabled is None and self.level is None:
            raise RuleBroken(message("say enabled or level, else nothing is changed"))
        return self
