"""Backup plans 备份计划 and the repositories they write to, as content (`backup/plans/`, `backup/repositories/`)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.job import Timing
from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Text, Value

__all__ = [
    "BackupPlan",
    "CopyRule",
    "Hook",
    "Place",
    "Repository",
    "Retention",
    "SecretReference",
    "SourceSettings",
]

SecretReference = dict[Literal["file", "env", "command", "systemd_credential"], NonEmpty]
"""Where a secret is read from; never the secret."""


class Place(Value):
    """A site 站点 where copies lie: an address for people, and where it is on the earth, for distances."""

    id: Identifier
    name: Text
    address: NonEmpty
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Repository(Value):
    """A restic repository: where it lies, how it is opened, and who may do what to it."""

    id: Identifier
    place: Identifier
    location: NonEmpty = Field(description="as restic writes it: /srv/backup, sftp:…, rest:https://…, s3:https://…")
    medium: Literal["disk", "object_storage", "tape", "appliance"] = "disk"
    password: SecretReference
    credentials: dict[NonEmpty, SecretReference] = Field(
        default_factory=dict, description="environment variables restic needs, such as AWS_SECRET_ACCESS_KEY"
    )
    certificate: str = Field(default="", description="PEM file of the authority that signed the server's certificate")
    append_only: bool = Field(default=False, description="the server refuses deletion; proved by a probe, not believed")
    escrow: SecretReference | None = Field(default=None, description="the escrow key, where this machine may read it")
    deadline_minutes: int = Field(default=360, ge=1, le=10_080)


class Hook(Value):
    """A command run around a backup; content that executes, so it needs approval."""

    when: Literal["before", "after", "failed"]
    command: tuple[NonEmpty, ...] = Field(min_length=1)
    deadline_seconds: int = Field(default=600, ge=1, le=86_400)


class SourceSettings(Value):
    """What is saved: the kind names the module of `backup/sources/` that knows how."""

    id: Identifier
    kind: Identifier
    host: str = Field(default="", description="host of the inventory the data is on; empty: this machine")
    settings: dict[str, object] = Field(default_factory=dict, description="checked by the source's own model")
    consistent_with: tuple[Identifier, ...] = Field(
        default=(), description="sources of this plan that only count together with this one, such as a CMS's database"
    )


class Retention(Value):
    """What is kept, by arrival order and not by the clock of the client; at least something must be kept."""

    last: int = Field(default=0, ge=0)
    hourly: int = Field(default=0, ge=0)
    daily: int = Field(default=0, ge=0)
    weekly: int = Field(default=0, ge=0)
    monthly: int = Field(default=0, ge=0)
    yearly: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name) for name in Retention.model_fields):
            raise RuleBroken(message("a retention that keeps nothing would delete every backup"))
        return self


class CopyRule(Value):
    """A second repository that pulls from the first; run at the second site, which alone may forget there."""

    repository: Identifier
    timing: Timing
    bandwidth_kib_per_second: int | None = Field(default=None, ge=1)
    retention: Retention


class BackupPlan(Value):
    """What of a key system is backed up, how often, kept how long, copied where, and who answers for it."""

    id: Identifier = Field(description="id of the key system")
    answers: Identifier = Field(description="person who answers for it")
    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    repository: Identifier
    timing: Timing
    retention: Retention
    copies: tuple[CopyRule, ...] = ()
    hooks: tuple[Hook, ...] = ()
    rto_seconds: Annotated[int, Field(ge=0)] | None = Field(default=None, description="stricter than the system's")
    rpo_seconds: Annotated[int, Field(ge=0)] | None = Field(default=None, description="stricter than the system's")
    enabled: bool = True

    @model_validator(mode="after")
    def _known(self) -> Self:
        ids = [each.id for each in self.sources]
        if len(set(ids)) < len(ids):
            raise RuleBroken(message("two sources of the plan have one id"))
        strangers = {name for each in self.sources for name in each.consistent_with} - set(ids)
        if strangers:
            raise RuleBroken(message("no source of the plan is called {name}", name=min(strangers)))
        return self
