"""Kinds of evidence about what guards backups: keys, locks, probes of immutability (see `sec_ops.model.evidence`)."""

from typing import ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt

from sec_ops.model.values import Value

__all__ = ["BackupKey", "BackupLock", "BackupProbe", "ClearedLock", "ProbedAttack", "TriedKey"]


class TriedKey(Value):
    """One password that was tried; `key` is the id of the key it opened, empty when it opened none."""

    name: str = Field(description="daily, escrow, or paper: typed from its page")
    verdict: str
    key: str = ""


class BackupKey(Value):
    """Keys of a repository were made, retired, accepted or checked. Passwords stand nowhere."""

    kind: ClassVar[str] = "backup.key/1"
    repository: str
    repository_id: str
    change: Literal["initialised", "added", "retired", "escrowed", "accepted", "checked"]
    verdict: str
    key: str = ""
    safe: str = Field(default="", description="where the paper of an escrow key lies")
    person: str = ""
    tried: tuple[TriedKey, ...] = ()
    findings: StrictInt = 0


class ClearedLock(Value):
    """A lock that was removed, and what proved its owner dead; `created` is the owner's clock, RFC 3339."""

    id: str
    host: str
    pid: StrictInt
    created: str
    proof: Literal["process table", "word of a person"]


class BackupLock(Value):
    """Locks of dead owners were removed from a repository; person and reason where a person's word was the proof."""

    kind: ClassVar[str] = "backup.lock/1"
    repository: str
    locks: tuple[ClearedLock, ...]
    person: str = ""
    reason: str = ""


class ProbedAttack(Value):
    """One attack: what restic or the server answered, and what the repository held afterwards, which decides."""

    attack: Literal["delete", "tag", "overwrite", "raw_delete", "remove_data", "remove_key", "back_date"]
    result: Literal["refused", "done", "not_tried"]
    exit_code: StrictInt | None = None
    answer: str = ""


class BackupProbe(Value):
    """An immutability probe: `immutable` when every attack that a server can refuse was refused."""

    kind: ClassVar[str] = "backup.probe/1"
    repository: str
    repository_id: str
    immutable: StrictBool
    claimed: StrictBool = Field(description="the repository's own append_only")
    attacks: tuple[ProbedAttack, ...]
