"""Clauses 测评项 of GB/T 22239-2019 and their parts."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from sec_ops.model.values import NonEmpty, Text, Value

__all__ = ["Category", "Clause", "Method", "Part", "RequirementSet"]


class RequirementSet(StrEnum):
    """General requirements 通用要求 and the four extensions 扩展要求."""

    GENERAL = "general"
    CLOUD = "cloud"
    MOBILE = "mobile"
    IOT = "iot"
    ICS = "ics"


class Method(StrEnum):
    """What a collected fact can do for a part: decide it, help a person, or nothing."""

    AUTOMATED = "automated"
    ASSISTED = "assisted"
    MANUAL = "manual"


class Category(Value):
    """A class of requirements 安全类, such as secure computing environment."""

    code: NonEmpty
    zh: NonEmpty
    en: NonEmpty


class Part(Value):
    """One separately judgeable demand of a clause; id is the clause's with a running number, `8.1.4.1-a.1`."""

    id: NonEmpty
    title: Text
    method: Method
    method_by_object: dict[str, Method] = Field(default_factory=dict, description="object kinds where it differs")
    objects: tuple[str, ...]
    same_as: str | None = Field(default=None, description="the level-3 twin of a level-2 part")


class Clause(Value):
    """One clause; `id` as in the standard's numbering with its letter, `8.1.4.1-a`."""

    id: NonEmpty
    level: Literal[1, 2, 3, 4]
    requirement_set: RequirementSet
    category: Category
    control_point: Text
    statement: Text
    method: Method
    objects: tuple[str, ...]
    method_by_object: dict[str, Method] = Field(default_factory=dict)
    sag: Literal["S", "A", "G"] | None = None
    responsible: Literal["provider", "tenant", "both"] | None = None
    applicable_when: Text | None = None
    same_as: str | None = None
    change: Literal["new", "same", "strengthened"]
    weight: float | None = None
    importance: str | None = None
    unit: str | None = None
    note: str | None = None
    parts: tuple[Part, ...] = ()

    @property
    def control_point_id(self) -> str:
        """Return the number of the control point 控制点, such as `8.1.4.1`."""
        return self.id.rpartition("-")[0]
