"""The section `logs:` of `sec-ops.yml`."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.log_elasticsearch import ElasticsearchSettings
from sec_ops.model.log_listener import Listener
from sec_ops.model.messages import message
from sec_ops.model.values import RuleBroken, Value, Zone

__all__ = ["SIX_MONTHS_DAYS", "LogSettings"]

SIX_MONTHS_DAYS = 184
"""The longest six months. Source: Cybersecurity Law of the PRC, article 23 (3) since 2026, before article 21 (3)."""


class LogSettings(Value):
    """How this site takes in and keeps logs."""

    zone: Zone = Field(default="Asia/Shanghai", description="IANA time zone of times that name none")
    retention_days: int = Field(default=200, ge=1, le=36_500, description="days that logs are kept after their receipt")
    retention_reason: str = Field(default="", description="why they are kept for less than six months")
    listen: tuple[Listener, ...] = Field(default=(), description="what `logs listen` receives, and where")
    store: Literal["embedded", "elasticsearch"] = Field(default="embedded", description="what keeps the events")
    elasticsearch: ElasticsearchSettings | None = Field(default=None, description="the cluster, if there is one")

    @model_validator(mode="after")
    def _kept_six_months(self) -> Self:
        if self.retention_days < SIX_MONTHS_DAYS and not self.retention_reason.strip():
            given, least = self.retention_days, SIX_MONTHS_DAYS
            what = message("logs are kept for {least} days at least, not {given}", least=least, given=given)
            raise RuleBroken(what)
        return self

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
