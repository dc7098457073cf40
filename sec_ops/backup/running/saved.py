"""What a run has saved: parts with their proofs, sources with their verdicts and facts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from sec_ops.backup.proving.saving import Proved
from sec_ops.backup.record.arriving import counts_of
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.values import Counts, SourceResult
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.running.verdicts import COUNTS, HOPELESS
from sec_ops.backup.source import Facts, Part
from sec_ops.backup.verdict import Judged
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.messages import message

__all__ = ["SavedPart", "SavedSource", "counted", "counts", "judged_of_source", "refusals", "result_of"]


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


def result_of(saved: SavedSource) -> SourceResult:
    """Return a source as the record keeps it."""
    facts = saved.facts
    return SourceResult(
        source=saved.source.id,
        judged=saved.judged,
        taken_at_ms=milliseconds(facts.taken_at) if facts and facts.taken_at else None,
        heartbeat_ms=milliseconds(facts.heartbeat) if facts and facts.heartbeat else None,
    )


def counts(saved: SavedSource) -> bool:
    """Return whether a source's snapshots are part of a restore point."""
    return saved.judged.verdict in COUNTS


def counted(sources: Sequence[SavedSource]) -> Counts:
    """Return what went through, over all parts."""
    parts = [counts_of(part.result.summary) for each in sources for part in each.parts]
    return reduce(Counts.__add__, parts, Counts())


def judged_of_source(saved: SavedSource) -> Judged:
    """Return a source's verdict as one of its system."""
    if saved.judged.good:
        return saved.judged
    return replace(saved.judged, what=message("{source}: {what}", source=saved.source.id, what=saved.judged.what))


def refusals(saved: SavedSource) -> list[Judged]:
    """Return what the repository said that it would say to any part."""
    return [part.result.judged for part in saved.parts if part.result.judged.verdict in HOPELESS]
