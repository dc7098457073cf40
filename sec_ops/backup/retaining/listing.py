"""A repository asked what it holds, and the record told."""

from dataclasses import dataclass

from sec_ops.backup.record.arriving import arrivals_of
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, State, Verb
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.verdict import Judged

__all__ = ["Asked", "ask", "dropped_here"]

_DAY_MS = 86_400_000
"""What an interrupted `forget` dropped may be noticed as late as this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of it; with a verdict other than ok the record is as it was. `gone` was missed for the first time."""

    judged: Judged
    gone: tuple[Arrival, ...] = ()


def ask(restic: Restic, record: Record) -> Asked:
    """List a repository and take it into the record."""
    asked_ms = record.now_ms
    listed = restic.snapshots()
    if not listed.judged.good:
        return Asked(judged=listed.judged)
    arrivals = arrivals_of(restic.repository.id, listed.snapshots, asked_ms)
    found = record.listed(restic.repository.id, arrivals, asked_ms=asked_ms)
    return Asked(judged=listed.judged, gone=found.gone)


def dropped_here(record: Record, repository: str) -> frozenset[str]:
    """Return what is gone of a repository because `forget` on this controller dropped it; all else was lost."""
    spans = [
        (each.started_ms, each.ended_ms if each.state is State.ENDED and each.ended_ms else each.started_ms + _DAY_MS)
        for each in record.attempts(Verb.FORGET, repository=repository)
    ]
    gone = [each for each in record.arrivals(repository=repository, gone=True) if each.gone_ms is not None]
    return frozenset(each.snapshot for each in gone if any(start <= (each.gone_ms or 0) <= end for start, end in spans))
