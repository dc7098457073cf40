"""Kinds of evidence about proofs of backups: verified where they lie, restored (see `sec_ops.model.evidence`)."""

from typing import ClassVar

from pydantic import Field, StrictInt

from sec_ops.model.values import Value

__all__ = ["BackupRestore", "BackupVerify", "RestoredSource", "VerifiedPart", "VerifiedPoint"]


class VerifiedPart(Value):
    """A snapshot compared with its manifest: entries as they should be, and those that are not."""

    source: str
    part: str
    snapshot: str
    verdict: str
    proved: StrictInt = 0
    missing: StrictInt = 0
    different: StrictInt = 0
    extra: StrictInt = 0
    rights: StrictInt = Field(default=0, description="as they should be but for permissions or owner")


class VerifiedPoint(Value):
    """A restore point compared with its manifest; `trusted` are fingerprints of the keys that signed it."""

    system: str
    run: str
    verdict: str
    trusted: tuple[str, ...] = ()
    parts: tuple[VerifiedPart, ...] = ()


class BackupVerify(Value):
    """A repository was verified: its structure, a share of its data read, restore points by their manifests."""

    kind: ClassVar[str] = "backup.verify/1"
    repository: str
    verdict: str
    structure: str = Field(description="verdict on the structure and on what was read")
    read: str = Field(default="", description="share of the data that was read: 3/12, 10%, all; empty: none")
    errors: StrictInt = 0
    points: tuple[VerifiedPoint, ...] = ()


class RestoredSource(Value):
    """A source that was restored and compared; `loaded` is the verdict of loading it into a new database."""

    source: str
    verdict: str
    files: StrictInt = 0
    bytes: StrictInt = 0
    proved: StrictInt = 0
    missing: StrictInt = 0
    different: StrictInt = 0
    extra: StrictInt = 0
    rights: StrictInt = Field(default=0, description="as they should be but for permissions or owner")
    unproved: StrictInt = 0
    into: str = ""
    loaded: str = ""


class BackupRestore(Value):
    """A run was restored, all of it or what was named."""

    kind: ClassVar[str] = "backup.restore/1"
    system: str
    run: str
    repository: str
    verdict: str
    target: str = Field(description="folder it was restored into; / when it was restored in place")
    paths: tuple[str, ...] = ()
    trusted: tuple[str, ...] = Field(default=(), description="fingerprints of the keys that signed the manifest")
    elapsed_ms: StrictInt = 0
    sources: tuple[RestoredSource, ...] = ()
