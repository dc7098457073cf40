"""The section `logs:` of `sec-ops.yml`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.model.log_listener import Listener
from sec_ops.model.messages import message
from sec_ops.model.values import RuleBroken, Value, Zone

__all__ = ["LogSettings"]


class LogSettings(Value):
    """How this site takes in and keeps logs."""

    zone: Zone = Field(default="Asia/Shanghai", description="IANA time zone of times that name none")
    listen: tuple[Listener, ...] = Field(default=(), description="what `logs listen` receives, and where")
    store: Literal["embedded", "elasticsearch"] = Field(default="embedded", description="what keeps the events")
    elasticsearch: ElasticsearchSettings | None = Field(default=None, description="the cluster, if there is one")

    @model_validator(mode="after")
    def _distinct_listeners(self) -> Self:
        if len({each.id for each in self.listen}) < len(self.listen):
            raise RuleBroken(message("two listeners have one id"))
        return self

    @model_validator(mode="after")
    def _named_store(self) -> Self:
        if self.store == "elasticsearch" and self.elasticsearch is None:
            raise RuleBroken(message("store: elasticsearch needs the section elasticsearch"))
        return self
