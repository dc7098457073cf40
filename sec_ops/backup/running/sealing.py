"""A run as evidence: `backup.run/1`."""

from datetime import datetime
from typing import Any

from sec_ops.backup.running.run import Ran
from sec_ops.backup.running.saved import SavedPart, SavedSource
from sec_ops.model.evidence_backup_run import BackupRun, RunPart, RunSource
from sec_ops.runtime.clock import utc_text

__all__ = ["sealed_run"]


def sealed_run(ran: Ran, started: datetime) -> dict[str, Any]:
    """Return the entry's data."""
    return BackupRun(
        system=ran.system,
        run=ran.run,
        repository=ran.repository,
        verdict=ran.judged.verdict.value,
        started=utc_text(started),
        sources=tuple(_source(each) for each in ran.sources),
        failed_hooks=len(ran.hooks),
        manifest=ran.manifest,
    ).model_dump()


def _source(saved: SavedSource) -> RunSource:
    facts = saved.facts
    return RunSource(
        source=saved.source.id,
        kind=saved.source.kind,
        host=saved.host,
        verdict=saved.judged.verdict.value,
        taken_at=utc_text(facts.taken_at) if facts and facts.taken_at else "",
        heartbeat=utc_text(facts.heartbeat) if facts and facts.heartbeat else "",
        disturbed=len(saved.facts.disturbed) if saved.facts else 0,
        parts=tuple(_part(each) for each in saved.parts),
    )


def _part(saved: SavedPart) -> RunPart:
    summary = saved.result.summary
    told = {"part": saved.part.name, "snapshot": saved.snapshot, "verdict": saved.judged.verdict.value}
    if summary is None:
        return RunPart(**told)
    return RunPart(
        **told,
        bytes_read=summary.total_bytes,
        bytes_packed=summary.data_added_packed,
        files_new=summary.files_new,
        files_changed=summary.files_changed,
        files_unmodified=summary.files_unmodified,
    )
