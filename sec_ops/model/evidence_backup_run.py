"""Kind of evidence about runs of backup plans (see `sec_ops.model.evidence`)."""

from typing import ClassVar

from pydantic import Field, StrictInt

from sec_ops.model.values import Value

__all__ = ["BackupRun", "RunPart", "RunSource"]


class RunPart(Value):
    """A snapshot of a part; empty when there is none."""

    part: str
    snapshot: str
    verdict: str
    bytes_read: StrictInt = 0
    bytes_packed: StrictInt = 0
    files_new: StrictInt = 0
    files_changed: StrictInt = 0
    files_unmodified: StrictInt = 0


class RunSource(Value):
    """A source of the plan: what it came to, and the moments its data stands for (RFC 3339, UTC)."""

    source: str
    kind: str
    host: str
    verdict: str
    taken_at: str = ""
    heartbeat: str = ""
    disturbed: StrictInt = Field(default=0, description="paths that changed while a consistent set was read")
    parts: tuple[RunPart, ...] = ()


class BackupRun(Value):
    """A plan was run. The blob is the signed head of the manifest, when there is one.

    Only snapshots of a run that came to ok or partial, with its manifest, are a restore point.
    """

    kind: ClassVar[str] = "backup.run/1"
    system: str
    run: str
    repository: str
    verdict: str
    started: str
    sources: tuple[RunSource, ...]
    failed_hooks: StrictInt = 0
    manifest: str = Field(default="", description="snapshot of the manifest")
