"""Holds 留存保全 on logs: what an incident case needs stays, whatever the retention."""

import datetime as dt

from pydantic import Field

from sec_ops.model.values import NonEmpty, Value

__all__ = ["Hold"]


class Hold(Value):
    """Days of logs that stay; datasets and sources narrow it down, empty is all of them."""

    id: NonEmpty
    case: NonEmpty
    reason: NonEmpty
    person: NonEmpty = Field(description="id of the person who answers for it")
    placed: NonEmpty = Field(description="RFC 3339, UTC")
    first_day: dt.date
    last_day: dt.date
    datasets: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    lifted: str = Field(default="", description="RFC 3339, UTC; empty while it stands")
    lifted_by: str = ""
    lifted_reason: str = ""
