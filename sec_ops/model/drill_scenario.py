"""Scenarios of drills 演练 and how systems come back, as content (`backup/drills/`, `backup/recoveries/`)."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Text, Value

__all__ = [
    "DrillKind",
    "DrillStep",
    "Fault",
    "PointChoice",
    "Recovery",
    "RecoveryCheck",
    "RecoveryService",
    "Scenario",
    "ScenarioSystem",
]


class DrillKind(StrEnum):
    """What is rehearsed."""

    SITE_LOSS = "site_loss"
    RANSOMWARE = "ransomware"
    FILE = "file"
    TABLE = "table"
    MOMENT = "moment"
    LOST_KEY = "lost_key"
    DAMAGED_COPY = "damaged_copy"
    CONTROLLER_LOST = "controller_lost"
    TABLE_TOP = "table_top"


class PointChoice(StrEnum):
    """Which restore point is taken, always in order of arrival and never by a client's clock."""

    NEWEST = "newest"
    BEFORE_ENCRYPTION = "before_encryption"


class Fault(StrEnum):
    """A fault that is started in the drill's own copies, never in production or its repositories."""

    SLOW_LINK = "slow_link"
    LINK_CUT = "link_cut"
    DAMAGED_PACK = "damaged_pack"
    WRONG_KEY_FIRST = "wrong_key_first"
    DISK_NEARLY_FULL = "disk_nearly_full"


class RecoveryService(Value):
    """A service that runs again in the sandbox. `kind` names the module of `sec_ops/drill/services/`.

    `loads` are dumps that are loaded into it: the plan's source, and the new database's name (`-` where the kind has
    one place only).
    """

    id: Identifier
    kind: Identifier
    needs: tuple[Identifier, ...] = Field(default=(), description="services of this system that must stand before it")
    loads: dict[Identifier, NonEmpty] = Field(default_factory=dict, description="source: name of the new database")
    settings: dict[str, object] = Field(default_factory=dict, description="checked by the kind's own model")
    deadline_seconds: int = Field(default=300, ge=1, le=86_400, description="for each of its steps")


class RecoveryCheck(Value):
    """What proves that a system works and not only runs. `kind` names the module of `sec_ops/drill/checks/`."""

    id: Identifier
    title: Text
    kind: Identifier
    service: Identifier | None = Field(default=None, description="service it asks; none for files")
    settings: dict[str, object] = Field(default_factory=dict, description="checked by the kind's own model")
    deadline_seconds: int = Field(default=30, ge=1, le=3600)


class Recovery(Value):
    """How a key system comes back: its services in order, and what proves that it works."""

    id: Identifier = Field(description="id of the key system")
    sources: tuple[Identifier, ...] = Field(default=(), description="sources of its plan that are fetched; none: all")
    services: tuple[RecoveryService, ...] = ()
    checks: tuple[RecoveryCheck, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        seen: set[str] = set()
        for service in self.services:
            if service.id in seen:
                raise RuleBroken(message("two services have the id {name}", name=service.id))
            strangers = sorted(set(service.needs) - seen)
            if strangers:
                raise RuleBroken(
                    message("{service} needs {name}, which must stand above it", service=service.id, name=strangers[0])
                )
            seen.add(service.id)
        for check in self.checks:
            if check.service is not None and check.service not in seen:
                raise RuleBroken(message("no service is called {name}", name=check.service))
        if len({check.id for check in self.checks}) < len(self.checks):
            raise RuleBroken(message("two checks have one id"))
        return self

    @property
    def executes(self) -> bool:
        """Return whether it names commands to run."""
        return any(each.kind == "program" for each in self.services) or any(
            each.kind == "command" for each in self.checks
        )


class ScenarioSystem(Value):
    """A key system of a scenario; what is left out is the inventory's, the plan's and the recovery's."""

    id: Identifier = Field(description="id of the key system")
    repositories: tuple[Identifier, ...] = Field(
        default=(), description="where it is fetched from, the first that works; none: the plan's, far ones first"
    )
    paths: tuple[NonEmpty, ...] = Field(default=(), description="only these files or folders are fetched and proved")
    tables: tuple[NonEmpty, ...] = Field(default=(), description="tables that must be there, as they were saved")
    checks: tuple[Identifier, ...] = Field(
        default=(), description="checks of its recovery that count; none: all, for a deleted file none"
    )
    rto_seconds: int | None = Field(default=None, ge=0, description="stricter than the plan's and the system's")
    rpo_seconds: int | None = Field(default=None, ge=0, description="stricter than the plan's and the system's")


class DrillStep(Value):
    """What people do and say in a drill: asked in this order, answered by `drill note`."""

    id: Identifier
    title: Text
    expect: Text | None = Field(default=None, description="what a good answer holds")
    minutes: int = Field(default=10, ge=1, le=1440)


class Scenario(Value):
    """A drill as it is laid down: what happened, what is to come back, and what people do."""

    id: Identifier
    title: Text
    kind: DrillKind
    aim: Text
    story: Text | None = Field(default=None, description="what is told to the participants")
    lost_places: tuple[Identifier, ...] = Field(
        default=(), description="places that are gone: repositories there are not asked"
    )
    systems: tuple[ScenarioSystem, ...] = ()
    point: PointChoice = PointChoice.NEWEST
    inject: tuple[Fault, ...] = ()
    steps: tuple[DrillStep, ...] = ()
    plan_document: str = Field(default="", description="contingency plan that is rehearsed: number or file name")
    fresh_days: int = Field(default=366, ge=1, le=3660, description="after so many days the drill is stale")
    deadline_minutes: int = Field(default=240, ge=1, le=10_080)
    enabled: bool = True

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind is DrillKind.TABLE_TOP:
            if self.systems or self.inject or not self.steps:
                raise RuleBroken(message("a table-top drill has steps, and restores nothing"))
            return self
        if not self.systems:
            raise RuleBroken(message("a drill that restores names at least one system"))
        if len({each.id for each in self.systems}) < len(self.systems):
            raise RuleBroken(message("a system is named twice"))
        if self.kind is DrillKind.SITE_LOSS and not self.lost_places:
            raise RuleBroken(message("a site loss names the places that are gone: lost_places"))
        if self.kind is DrillKind.RANSOMWARE and self.point is not PointChoice.BEFORE_ENCRYPTION:
            raise RuleBroken(message("a drill of ransomware goes back before it: point: before_encryption"))
        if self.kind is DrillKind.FILE and not all(each.paths for each in self.systems):
            raise RuleBroken(message("a drill of a deleted file names it: paths"))
        if self.kind is DrillKind.TABLE and not all(each.tables for each in self.systems):
            raise RuleBroken(message("a drill of a dropped table names it: tables"))
        return self
