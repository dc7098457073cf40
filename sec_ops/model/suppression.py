"""Suppressions 抑制: events that a site has looked at and, for a while, wants no alerts of."""

import datetime as dt
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Value

__all__ = ["LONGEST_DAYS", "Suppression"]

LONGEST_DAYS: Final = 184
"""The most days a suppression may hold before somebody has to look at it again."""


class Suppression(Value):
    """What is covered: events that pass everything that is stated here; what is left out is not asked.

    `hosts`, `users` and `addresses` are patterns (`*`, `?`), addresses also networks; one of each list has to fit.
    `where` are conditions on the event's own fields as a Sigma selection writes them.
    """

    id: Identifier
    reason: NonEmpty
    requester: Identifier = Field(description="id of the person who asks for it; never its approver")
    first_day: dt.date = Field(description="first day (UTC) on which it holds")
    last_day: dt.date = Field(description=f"last day (UTC), at most {LONGEST_DAYS} days after the first")
    rules: tuple[NonEmpty, ...] = Field(default=(), description="ids of rules; default: all")
    levels: tuple[Literal["informational", "low", "medium", "high", "critical"], ...] = Field(
        default=(), description="default: all"
    )
    hosts: tuple[NonEmpty, ...] = ()
    users: tuple[NonEmpty, ...] = ()
    addresses: tuple[NonEmpty, ...] = ()
    where: dict[str, Any] = Field(default_factory=dict, description="a Sigma selection over the event's fields")
    enabled: bool = True

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.last_day < self.first_day:
            raise RuleBroken(message("the last day is before the first"))
        if (self.last_day - self.first_day).days > LONGEST_DAYS:
            raise RuleBroken(message("a suppression holds for {days} days at most", days=LONGEST_DAYS))
        if not (self.rules or self.hosts or self.users or self.addresses or self.where):
            what = message("it would cover everything: name rules, hosts, users, addresses or conditions (where)")
            raise RuleBroken(what)
        return self
