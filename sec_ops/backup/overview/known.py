"""What the record knows of one system in one repository, by a few looks at its newest rows."""

from collections.abc import Iterable

from sec_ops.backup.naming import MANIFEST, PROBE_HOST
from sec_ops.backup.overview.values import LastGood, Space
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival
from sec_ops.backup.running.verdicts import COUNTS

__all__ = ["last_good", "space_of"]

_SPAN_DAYS = 30
_DAY_MS = 86_400_000


def last_good(record: Record, system: str, repository: str, held: Iterable[str]) -> LastGood | None:
    """Return the newest restore point that counts, by its manifest: of a run that counts, not held, not post-dated."""
    barred = set(held) | {each.run for each in record.future_dated(system, repository)}
    for each in record.newest(system, repository, "", MANIFEST):
        if each.verdict in COUNTS and each.run not in barred and each.host != PROBE_HOST:
            return LastGood(
                run=each.run,
                arrived_ms=each.first_seen_ms,
                data_ms=_data_ms(record, each),
                partial=each.verdict != "ok",
            )
    return None


def space_of(record: Record, repository: str) -> Space:
    """Return how full a repository's disk gets at the pace of the last thirty days."""
    sizes = record.sizes(repository)
    free = sizes[-1].free_bytes if sizes else None
    since = record.now_ms - _SPAN_DAYS * _DAY_MS
    first = record.first_seen_ms(repository)
    if first is None:
        return Space(free_bytes=free, bytes_per_day=None, days=None)
    days = max((record.now_ms - max(first, since)) / _DAY_MS, 1.0)
    pace = round(record.stored_since(repository, since) / days)
    return Space(free_bytes=free, bytes_per_day=pace, days=free // pace if free is not None and pace else None)


def _data_ms(record: Record, manifest: Arrival) -> int:
    """Return the moment the oldest data of a run stands for; where nobody told, when its snapshots claim to be."""
    parts = [each for each in record.arrivals(manifest.system, run=manifest.run, gone=True) if each.part != MANIFEST]
    told = [each.taken_at_ms for each in parts if each.taken_at_ms is not None]
    claimed = [each.claimed_ms for each in parts if each.repository == manifest.repository]
    return min(told or claimed or [manifest.claimed_ms])
