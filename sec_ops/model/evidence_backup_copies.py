"""Kinds of evidence about copies of backups, what is held back, and what is dropped (see `sec_ops.model.evidence`)."""

from typing import ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt

from sec_ops.model.values import Value

__all__ = ["BackupCopy", "BackupForget", "BackupHold", "CopiedSnapshot", "DroppedRun", "RaisedSign"]


class CopiedSnapshot(Value):
    """A snapshot and its copy, by whole ids, so that a manifest's ids can be followed to the other site."""

    run: str
    source: str
    part: str
    original: str
    copied: str = Field(description="id of the copy")


class BackupCopy(Value):
    """A second repository pulled a system's runs from the first; proved by its listing afterwards."""

    kind: ClassVar[str] = "backup.copy/1"
    system: str
    source: str = Field(description="repository copied from")
    target: str = Field(description="repository copied to")
    verdict: str
    copied: tuple[CopiedSnapshot, ...] = ()
    there: StrictInt = Field(default=0, description="snapshots that were there before")
    left: StrictInt = Field(default=0, description="snapshots that should be there and are not")
    held: tuple[str, ...] = Field(default=(), description="runs that the gate holds back")
    vanished: tuple[str, ...] = Field(default=(), description="copies that are gone though nobody here dropped them")
    future_dated: tuple[str, ...] = Field(default=(), description="runs dated later than they arrived")


class RaisedSign(Value):
    """A sign of ransomware that a part of a run shows; `numbers` as they were told, in English."""

    part: str
    sign: Literal["changed_share", "packed_ratio", "replaced", "entropy", "content", "shrunk"]
    numbers: str


class BackupHold(Value):
    """A run was held back by the gate, or a person lifted the hold and said why."""

    kind: ClassVar[str] = "backup.hold/1"
    change: Literal["held", "lifted"]
    system: str
    repository: str
    run: str
    reason: str
    signs: tuple[RaisedSign, ...] = ()
    person: str = Field(default="", description="who lifted it")


class DroppedRun(Value):
    """A restore point that was dropped: its snapshots, and how many of them are gone."""

    run: str
    snapshots: tuple[str, ...]
    gone: StrictInt


class BackupForget(Value):
    """Restore points beyond the retention were dropped, proved by the listing afterwards, or why they were not."""

    kind: ClassVar[str] = "backup.forget/1"
    system: str
    repository: str
    verdict: str
    rule: dict[str, StrictInt]
    kept: StrictInt
    dropped: tuple[DroppedRun, ...] = ()
    held: StrictBool = Field(default=False, description="the gate held, so nothing was dropped")
