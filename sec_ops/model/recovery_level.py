"""Levels of disaster recovery 灾难恢复等级 as content (`backup/levels/`, a file an edition), and what a site declares.

An edition without levels is one whose text nobody here has seen: nothing is judged by it.
"""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Text, Value

__all__ = [
    "ELEMENTS",
    "Bound",
    "DeclaredElement",
    "Edition",
    "Element",
    "ElementId",
    "FactsNeeded",
    "RecoveryLevel",
    "Requirement",
    "SystemFacts",
]

ElementId = Literal["backup", "processing", "network", "facility", "support", "operations", "plan"]
"""The seven elements 七要素: data backup, standby processing, network, premises, support, operations, the plan."""

ELEMENTS: tuple[ElementId, ...] = ("backup", "processing", "network", "facility", "support", "operations", "plan")


class Bound(Value):
    """A time as the edition words it. Without a number nothing bounds it, or, when `vague`, nobody can compare it."""

    text: Text
    at_most_seconds: int | None = Field(default=None, ge=0)
    vague: bool = Field(default=False, description="words such as “minutes”, for which the edition has no number")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.vague and self.at_most_seconds is not None:
            raise RuleBroken(message("a vague time has no number"))
        return self


class FactsNeeded(Value):
    """What plans and the drill must show for a requirement; what is left out isn't asked."""

    full_every_hours: int | None = Field(default=None, ge=1, description="a complete restore point at least so often")
    off_site: bool = Field(default=False, description="it lies at another site")
    network_per_day: int | None = Field(default=None, ge=1, description="sent over the network so many times a day")
    real_time: bool = Field(default=False, description="replicated as it changes")
    zero_loss: bool = Field(default=False, description="the drill lost nothing")
    rehearsed_plan: bool = Field(default=False, description="a plan, rehearsed by people in this drill, with a summary")


class Requirement(Value):
    """What a level asks of an element. Without `facts` a person has to declare it."""

    text: Text
    none: bool = Field(default=False, description="nothing is asked")
    facts: FactsNeeded | None = None


class RecoveryLevel(Value):
    """A level: its name, its times, and what it asks of each element."""

    level: int = Field(ge=1, le=9)
    name: Text
    rto: Bound
    rpo: Bound
    elements: dict[ElementId, Requirement]

    @model_validator(mode="after")
    def _all_elements(self) -> Self:
        missing = [each for each in ELEMENTS if each not in self.elements]
        if missing:
            raise RuleBroken(message("the level says nothing of {element}", element=missing[0]))
        return self


class Element(Value):
    """An element by name."""

    id: ElementId
    name: Text


class Edition(Value):
    """An edition of the standard. `superseded_by` names the one in force; without `levels` its text is open."""

    id: Identifier
    standard: NonEmpty = Field(description="number with year")
    title: Text
    effective: date | None = None
    superseded_by: Identifier | None = None
    note: Text = Field(description="where its content comes from, and how sure that is")
    elements: tuple[Element, ...] = ()
    levels: tuple[RecoveryLevel, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if [each.level for each in self.levels] != list(range(1, len(self.levels) + 1)):
            raise RuleBroken(message("levels stand in order, from 1 on"))
        if self.levels and {each.id for each in self.elements} != set(ELEMENTS):
            raise RuleBroken(message("each of the seven elements has a name"))
        return self

    @property
    def open(self) -> bool:
        """Return whether nothing can be judged by it, because its text was not seen."""
        return not self.levels


class DeclaredElement(Value):
    """What a person says of an element that no fact tells: up to which level it is met, why, and until when.

    What was declared for all systems holds where nothing was declared for the system itself.
    """

    id: Identifier
    edition: Identifier
    element: ElementId
    level: int = Field(ge=0, le=9, description="the highest level whose requirement is met; 0: none")
    systems: tuple[Identifier, ...] = Field(default=(), description="key systems it is said of; none: all")
    reason: NonEmpty = Field(description="what there is, and where it can be seen")
    by: Identifier = Field(description="person who declares it")
    on: date
    until: date = Field(description="when it has to be looked at again; after that it counts no more")

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.until < self.on:
            raise RuleBroken(message("it ends before it begins"))
        return self


class SystemFacts(Value):
    """What plans say of a system's backups. None: nobody knows."""

    system: str
    full_every_seconds: int | None = Field(default=None, description="between complete restore points")
    off_site: bool | None = Field(default=None, description="a restore point lies at a place that is off-site")
    network_every_seconds: int | None = Field(default=None, description="between transfers to that place")
    real_time: bool | None = Field(default=None, description="replicated there as it changes")
