"""How a site does detection: the section `detection` of `sec-ops.yml`."""

from typing import Literal

from pydantic import Field

from sec_ops.model.log_settings import SIX_MONTHS_DAYS
from sec_ops.model.values import Value

__all__ = ["DetectionSettings"]


class DetectionSettings(Value):
    """What of detection a site settles."""

    live: bool = Field(default=True, description="events are judged as `logs listen` and `logs pull` take them")
    notify: Literal["informational", "low", "medium", "high", "critical"] = Field(
        default="high", description="people are told of alerts of this level and above"
    )
    alert_days: int = Field(
        default=400,
        ge=SIX_MONTHS_DAYS,
        le=36_500,
        description="days that alerts are kept after they were closed; never fewer than logs are",
    )
