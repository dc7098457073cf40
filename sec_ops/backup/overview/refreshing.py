"""Repositories asked anew: one listing each, two at a time; what came and what is gone goes into the record."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sec_ops.backup.overview.measuring import free_bytes
from sec_ops.backup.record.arriving import arrivals_of
from sec_ops.backup.record.record import Listed, Record
from sec_ops.backup.record.values import Arrival, Size
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.verdict import Judged

__all__ = ["Order", "Refreshed", "refresh"]

_AT_ONCE = 2
_NOTHING = Listed(new=(), gone=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What asking one repository came to."""

    repository: str
    judged: Judged
    listed: Listed = _NOTHING


Order = Callable[[str, Sequence[Arrival]], Sequence[Arrival]]
"""Put the listing of a repository into the order in which new snapshots are taken for having come."""


def refresh(
    repositories: Sequence[Restic], record: Record, done: Callable[[Refreshed], None], *, order: Order | None = None
) -> tuple[Refreshed, ...]:
    """Ask repositories and keep what they hold; `done` hears of each. Raises StorageError.

    Without `order` what is new comes in the order it claims.
    """

    def asked(restic: Restic) -> Refreshed:
        refreshed = _refreshed(restic, record, order or (lambda _name, arrivals: arrivals))
        done(refreshed)
        return refreshed

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(asked, repositories))


def _refreshed(restic: Restic, record: Record, order: Order) -> Refreshed:
    name, asked_ms = restic.repository.id, record.now_ms
    found = restic.snapshots()
    if not found.judged.good:
        return Refreshed(repository=name, judged=found.judged)
    arrivals = order(name, arrivals_of(name, found.snapshots, record.now_ms))
    listed = record.listed(name, arrivals, asked_ms=asked_ms)
    record.measured(Size(repository=name, at_ms=record.now_ms, bytes=None, free_bytes=free_bytes(restic)))
    return Refreshed(repository=name, judged=found.judged, listed=listed)
