"""A second look at results restic calls good: empty streams, restores of nothing, checks that count errors."""

from sec_ops.backup.restic.events import BackupSummary, CheckSummary, RestoreSummary
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message

__all__ = ["looked_at_backup", "looked_at_check", "looked_at_restore"]


def looked_at_backup(judged: Judged, summary: BackupSummary | None, request: BackupRequest, name: str) -> Judged:
    """Return a failure for a stream that left nothing, or less than all: half a dump is no dump."""
    if judged.verdict not in (Verdict.OK, Verdict.PARTIAL):
        return judged
    if summary is None or not summary.snapshot_id:
        return _failed(judged, name)
    if request.stream and (judged.verdict is Verdict.PARTIAL or summary.total_bytes == 0):
        return Judged(
            verdict=Verdict.FAILED,
            what=message(
                "{repository}: the command for {name} gave nothing", repository=name, name=request.stream.filename
            ),
            why=judged.why,
            advice=message("run the command by hand and see; the snapshot of this call does not count"),
        )
    return judged


def looked_at_restore(judged: Judged, summary: RestoreSummary | None, name: str) -> Judged:
    """Return a failure for a restore that wrote nothing and found nothing in place."""
    if judged.verdict is not Verdict.OK:
        return judged
    if summary is None or summary.files_restored + summary.files_skipped == 0:
        return Judged(
            verdict=Verdict.FAILED,
            what=message("{repository}: nothing in the snapshot matched, so nothing was restored", repository=name),
            advice=message("see what it holds: restic ls SNAPSHOT, then name a path as it stands there"),
        )
    return judged


def looked_at_check(judged: Judged, summary: CheckSummary | None, name: str) -> Judged:
    """Return damage for a check that counted errors or broken packs, whatever its exit code."""
    if summary is None or not (summary.errors or summary.broken_packs):
        return _failed(judged, name) if summary is None and judged.good else judged
    if judged.verdict in (Verdict.OK, Verdict.PARTIAL, Verdict.FAILED):
        return Judged(
            verdict=Verdict.DAMAGED,
            what=message("{repository}: {verb} found damage in the repository", repository=name, verb="check"),
            why=judged.why or "\n".join(summary.broken_packs[:20]),
            advice=message(
                "don't prune; restore from another copy; see the damage: sec-ops backup verify {repository} --read all",
                repository=name,
            ),
        )
    return judged


def _failed(judged: Judged, name: str) -> Judged:
    return Judged(
        verdict=Verdict.FAILED,
        what=message("{repository}: restic ended without telling what it did", repository=name),
        why=judged.why,
        advice=message("run it again; nothing of this call counts"),
    )
