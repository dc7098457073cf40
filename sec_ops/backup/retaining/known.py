"""Restore points as the record knows them."""

from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record
from sec_ops.backup.retaining.points import RestorePoint, points_of

__all__ = ["newest_counting", "points_in"]

_LOOKED_AT, _MORE = 40, 8


def points_in(record: Record, repository: str, system: str = "", *, last: int = -1) -> tuple[RestorePoint, ...]:
    """Return a system's restore points in a repository, of all systems when none is named, in order of arrival.

    A run that is held in any repository is held in all. What a run came to is the record's word where it was made
    here, else its manifest's. With `last` only so many of the repository's last arrivals are looked at.
    """
    arrivals = record.arrivals(repository=repository, gone=True, last=last)
    held = {each.run for each in record.holds(system)}
    points = points_of(arrivals, held=held, verdicts=record.verdicts(system), now=moment(record.now_ms))
    return tuple(each for each in points if system in ("", each.system))


def newest_counting(record: Record, repository: str, system: str) -> RestorePoint | None:
    """Return a system's restore point that arrived last of those that count, looking no further back than it must."""
    last = _LOOKED_AT
    while True:
        points = points_in(record, repository, system, last=last)
        counting = [each for each in points if each.counts]
        if counting:
            return max(counting, key=lambda each: each.arrival)
        if len(record.arrivals(repository=repository, gone=True, last=last)) < last:
            return None
        last *= _MORE
