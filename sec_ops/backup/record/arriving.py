"""A repository's snapshots as arrivals: what their tags and summaries say, in the order to take new ones in."""

from collections.abc import Sequence
from dataclasses import replace

from sec_ops.backup.naming import named
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.values import Arrival, Counts, Ordered
from sec_ops.backup.restic.events import BackupSummary
from sec_ops.backup.restic.results import Snapshot

__all__ = ["arrival_of", "arrivals_of", "by_claim", "counts_of"]


def arrivals_of(repository: str, snapshots: Sequence[Snapshot], seen_ms: int) -> tuple[Arrival, ...]:
    """Return a listing as arrivals seen now; those never seen before come in the order they claim."""
    ordered = sorted(snapshots, key=lambda each: (each.time, each.id))
    return tuple(arrival_of(repository, each, seen_ms) for each in ordered)


def arrival_of(repository: str, snapshot: Snapshot, seen_ms: int) -> Arrival:
    """Return one snapshot as an arrival."""
    name = named(snapshot.tags)
    return Arrival(
        repository=repository,
        snapshot=snapshot.id,
        original=snapshot.original,
        host=snapshot.host,
        claimed_ms=milliseconds(snapshot.time),
        first_seen_ms=seen_ms,
        run=name.run if name else "",
        system=name.system if name else "",
        source=name.source if name else "",
        part=name.part if name else "",
        verdict=name.verdict if name else "",
        counts=counts_of(snapshot.summary),
    )


def by_claim(arrival: Arrival) -> Arrival:
    """Return an arrival of a repository nobody looked at before: as old as it says, but not of the future."""
    return replace(arrival, first_seen_ms=min(arrival.claimed_ms, arrival.first_seen_ms), ordered=Ordered.CLAIMED)


def counts_of(summary: BackupSummary | None) -> Counts:
    """Return what restic counted, zeros when it told nothing; what was removed it never tells."""
    if summary is None:
        return Counts()
    return Counts(
        bytes_read=summary.total_bytes,
        bytes_added=summary.data_added,
        bytes_packed=summary.data_added_packed,
        files_new=summary.files_new,
        files_changed=summary.files_changed,
        files_unmodified=summary.files_unmodified,
    )
