"""Restore points as the record knows them."""

from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Verb
from sec_ops.backup.retaining.points import RestorePoint, points_of
from sec_ops.backup.verdict import Verdict

__all__ = ["points_in"]


def points_in(record: Record, repository: str, system: str = "") -> tuple[RestorePoint, ...]:
    """Return a system's restore points in a repository, of all systems when none is named, in order of arrival.

    A run that is held in any repository is held in all. What a run came to is the record's word where it was made
    here, else its manifest's.
    """
    arrivals = record.arrivals(repository=repository, gone=True)
    held = {each.run for each in record.holds(system)}
    points = points_of(arrivals, held=held, verdicts=_verdicts(record, system), now=moment(record.now_ms))
    return tuple(each for each in points if system in ("", each.system))


def _verdicts(record: Record, system: str) -> dict[str, Verdict]:
    return {each.run: each.verdict for each in record.attempts(Verb.RUN, system) if each.verdict is not None}
