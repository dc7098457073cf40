"""What a run has saved: parts with their proofs, sources with their verdicts and facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sec_ops.backup.proving.saving import Proved
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Facts, Part
from sec_ops.backup.verdict import Judged
from sec_ops.model.backup_plan import SourceSettings

__all__ = ["SavedPart", "SavedSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPart:
    """A part with its verdict; its snapshot counts only when its source and its run do."""

    part: Part
    judged: Judged
    proved: Proved

    @property
    def result(self) -> BackupResult:
        """Return what restic said."""
        return self.proved.result

    @property
    def snapshot(self) -> str:
        """Return the snapshot's id, empty when there is none."""
        return self.result.summary.snapshot_id if self.result.summary else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSource:
    """A source after its turn: where it lies, its verdict, parts, and the facts of data that was read whole."""

    source: SourceSettings
    host: str
    judged: Judged
    parts: Sequence[SavedPart] = ()
    facts: Facts | None = None
