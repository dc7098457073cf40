"""Backup plans 备份计划 and the repositories they write to, as content (`backup/plans/`, `backup/repositories/`)."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sec_ops.model.job import Timing
from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, NonEmpty, RuleBroken, Text, Value

__all__ = [
    "SELF",
    "BackupPlan",
    "CopyRule",
    "Hook",
    "HostAccess",
    "Place",
    "Repository",
    "Retention",
    "SecretReference",
    "SourceSettings",
]

SELF = "sec-ops"
"""Id of the plan that saves this program's own evidence, keys and site folder; the one plan of no key system."""

SecretReference = Annotated[
    dict[Literal["file", "env", "command", "systemd_credential"], NonEmpty], Field(min_length=1, max_length=1)
]
"""Where a secret is read from; never the secret."""

_LOCATION = re.compile(r"[^-:\s][^:]*|sftp:\S+|rest:https?://\S+|s3:\S+")
_PASSWORD_INSIDE = re.compile(r"//[^/@]*:[^/@]*@")


def _location(text: str) -> str:
    if not _LOCATION.fullmatch(text):
        raise RuleBroken(message("not a repository on disk (/srv/backup), sftp:…, rest:https://… or s3:https://…"))
    if _PASSWORD_INSIDE.search(text):
        raise RuleBroken(message("a location holds no password; name it under credentials by reference"))
    return text


class Place(Value):
    """A site 站点 where copies lie: an address for people, and where it is on the earth, for distances."""

    id: Identifier
    name: Text
    address: NonEmpty
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class HostAccess(Value):
    """How one host opens a repository to save what is on it: credentials of its own, which may add and not delete."""

    credentials: dict[NonEmpty, SecretReference] = Field(
        default_factory=dict, description="as those of the repository, of an account of the server for this host alone"
    )
    password: SecretReference | None = Field(
        default=None, description="key of its own, so that it can be taken away; empty: the repository's"
    )
    identity_file: str = Field(default="", description="private key for sftp, used by the controller for this host")


class Repository(Value):
    """A restic repository: where it lies, how it is opened, and who may do what to it."""

    id: Identifier
    place: Identifier
    location: Annotated[NonEmpty, AfterValidator(_location)] = Field(
        description="as restic writes it: /srv/backup, sftp:…, rest:https://…, s3:https://…"
    )
    medium: Literal["disk", "object_storage", "tape", "appliance"] = "disk"
    password: SecretReference
    credentials: dict[NonEmpty, SecretReference] = Field(
        default_factory=dict, description="environment variables restic needs, such as AWS_SECRET_ACCESS_KEY"
    )
    certificate: str = Field(default="", description="PEM file of the authority that signed the server's certificate")
    identity_file: str = Field(default="", description="private key for sftp; empty: what ssh itself finds")
    known_hosts: str = Field(default="", description="host keys for sftp; empty: what ssh itself knows")
    append_only: bool = Field(default=False, description="the server refuses deletion; proved by a probe, not believed")
    hosts: dict[NonEmpty, HostAccess] = Field(
        default_factory=dict, description="hosts of the inventory that save into it, each with its own access"
    )
    escrow: SecretReference | None = Field(default=None, description="the escrow key, where this machine may read it")
    deadline_minutes: int = Field(default=360, ge=1, le=10_080)

    @model_validator(mode="after")
    def _hosts_apart(self) -> Self:
        for name, access in self.hosts.items():
            if self.location.startswith(("rest:", "s3:")) and not access.credentials:
                raise RuleBroken(message("the host {name} needs credentials of its own", name=name))
            if access.credentials and access.credentials == self.credentials:
                raise RuleBroken(message("the host {name} is given the controller's own credentials", name=name))
        return self

    @property
    def executes(self) -> bool:
        """Return whether a command tells one of its secrets."""
        ours = (self.password, self.escrow or {}, *self.credentials.values())
        theirs = (each for host in self.hosts.values() for each in (host.password or {}, *host.credentials.values()))
        return any("command" in each for each in (*ours, *theirs))

    def opened_by(self, host: str) -> "Repository | None":
        """Return the repository as a host opens it; None when it has no access of its own. Its access holds no escrow.

        What the controller itself uses is never given to a host: credentials and key file are replaced, not added to.
        """
        access = self.hosts.get(host)
        if access is None:
            return None
        return self.model_copy(
            update={
                "password": access.password or self.password,
                "credentials": access.credentials,
                "identity_file": access.identity_file,
                "hosts": {},
                "escrow": None,
            }
        )


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
    password: SecretReference | None = Field(default=None, description="of the account that reads, where it needs one")
    settings: dict[str, object] = Field(default_factory=dict, description="checked by the source's own model")
    heartbeat: bool = Field(
        default=False, description="write the time into it once a second, so that a loss is measured in restored data"
    )
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

    id: Identifier = Field(description="id of the key system; sec-ops for this program's own folder")
    place: Identifier = Field(description="where the system itself stands; distances count from here")
    answers: Identifier = Field(description="person who answers for it")
    sources: tuple[SourceSettings, ...] = Field(min_length=1)
    repository: Identifier
    timing: Timing
    retention: Retention
    copies: tuple[CopyRule, ...] = ()
    hooks: tuple[Hook, ...] = ()
    rto_seconds: Annotated[int, Field(ge=0)] | None = Field(default=None, description="stricter than the system's")
    rpo_seconds: Annotated[int, Field(ge=0)] | None = Field(default=None, description="stricter than the system's")
    deadline_minutes: int = Field(default=60, ge=1, le=1440, description="a run that takes longer is ended")
    enabled: bool = True

    @model_validator(mode="after")
    def _known(self) -> Self:
        ids = [each.id for each in self.sources]
        if len(set(ids)) < len(ids):
            raise RuleBroken(message("two sources of the plan have one id"))
        strangers = {name for each in self.sources for name in each.consistent_with} - set(ids)
        if strangers:
            raise RuleBroken(message("no source of the plan is called {name}", name=min(strangers)))
        if len(set(self.repositories)) < len(self.repositories):
            raise RuleBroken(message("two copies of the plan lie in one repository"))
        return self

    @property
    def executes(self) -> bool:
        """Return whether it names commands to run: hooks, command sources, passwords that a command tells."""
        told = any("command" in (each.password or {}) for each in self.sources)
        return told or bool(self.hooks) or any(each.kind == "command" for each in self.sources)

    @property
    def repositories(self) -> tuple[str, ...]:
        """Return the ids of the repositories it lies in, that of the first backup first."""
        return (self.repository, *(each.repository for each in self.copies))
