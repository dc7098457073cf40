"""What a run learns from the record of the runs before it: only snapshots that were made here are trusted."""

from datetime import datetime

from sec_ops.backup.naming import MANIFEST
from sec_ops.backup.record.moments import moment
from sec_ops.backup.record.record import Record
from sec_ops.backup.record.values import Arrival, Verb
from sec_ops.backup.running.verdicts import COUNTS

__all__ = ["Knowing"]


class Knowing:
    """The runs of a system into a repository."""

    def __init__(self, record: Record, system: str, repository: str) -> None:
        self._record = record
        self._system = system
        self._repository = repository

    def last_good(self, source: str, part: str) -> datetime | None:
        """Return when a part last became a snapshot that counts (UTC): its source did, and its run has a manifest."""
        there = self._record.newest(self._system, self._repository, source, part)
        newest = next((each for each in there if self._counts(each)), None)
        return moment(newest.first_seen_ms) if newest else None

    def _counts(self, arrival: Arrival) -> bool:
        results = [
            result
            for attempt in self._record.of_run(arrival.run)
            if attempt.verb is Verb.RUN and attempt.ending
            for result in attempt.ending.sources
        ]
        saved = any(each.source == arrival.source and each.judged.verdict in COUNTS for each in results)
        return saved and any(
            True for _ in self._record.newest(self._system, self._repository, "", MANIFEST, arrival.run)
        )
