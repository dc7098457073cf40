"""The section `logs:` of `sec-ops.yml`."""

from typing import Self

from pydantic import Field, model_validator

from sec_ops.model.log_listener import Listener
from sec_ops.model.messages import message
from sec_ops.model.values import RuleBroken, Value, Zone

__all__ = ["LogSettings"]


class LogSettings(Value):
    """How this site takes in and keeps logs."""

    zone: Zone = Field(default="Asia/Shanghai", description="IANA time zone of times that name none")
    listen: tuple[Listener, ...] = Field(default=(), description="what `logs listen` receives, and where")

    @model_validator(mode="after")
    def _distinct_listeners(self) -> Self:
        if len({each.id for each in self.listen}) < len(self.listen):
            raise RuleBroken(message("two listeners have one id"))
        return self
