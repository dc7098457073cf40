"""What a run over a store goes on from and leaves for the next: how far streams are judged, what correlations remember.

All of it changes in the transaction that keeps the alerts, so an event is judged once however a run ends.
"""

from collections.abc import Sequence
from dataclasses import replace

from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.correlate.limits import Limits
from sec_ops.detection.database import Database
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.live.kept import (
    Scope,
    keep_facts,
    keep_groups,
    keep_positions,
    kept_facts,
    kept_groups,
    kept_positions,
)
from sec_ops.detection.live.positions import Position
from sec_ops.detection.rule import Correlation, Rule

__all__ = ["GoingOn", "Unfinished"]

_NOW = "now_us"


class Unfinished:
    """Correlations whose windows stay open at the end of a run: told in order of time, then what time it is.

    A run that reads older events than the one before goes on from their time.
    """

    def __init__(self, correlator: Correlator, now_us: int, ended_us: int) -> None:
        self.correlator = correlator
        self.now_us = now_us
        self._ended_us = ended_us

    @property
    def rules(self) -> frozenset[str]:
        """Return the ids of the rules that they look at."""
        return self.correlator.rules

    def feed(self, rule: Rule, occurrence: Occurrence) -> Sequence[Hit]:
        """Take an event that the rule found; return what this tells."""
        return self.correlator.feed(rule, occurrence)

    def advance(self, now_us: int) -> Sequence[Hit]:
        """Say what time it is; return what that tells."""
        back = now_us < self.now_us - Limits().lateness_us
        self.now_us = now_us if back else max(now_us, self.now_us)
        return self.correlator.advance(now_us)

    def flush(self) -> Sequence[Hit]:
        """Judge what is over now that everything stored was seen."""
        return self.advance(self._ended_us)


class GoingOn:
    """The thread from one run to the next; `ended_us` is the time at which a store was asked. Raises StorageError."""

    def __init__(self, database: Database, ended_us: int) -> None:
        self._database = database
        self._ended_us = ended_us
        self.positions: dict[str, Position] = dict(kept_positions(database, Scope.STORE))
        self._known = kept_groups(database, Scope.STORE)

    def taken_up(self, correlator: Correlator) -> Unfinished:
        """Return the correlator with what the run before left in it."""
        now_us = kept_facts(self._database, Scope.STORE).get(_NOW, 0)
        correlator.restore(self._known, now_us)
        return Unfinished(correlator, now_us, self._ended_us)

    def leave(self, unfinished: Unfinished, correlations: Sequence[Correlation]) -> None:
        """Keep how far streams are judged now, and what correlations remember; what others remembered goes."""
        digests = {each.header.id: each.header.digest for each in correlations}
        gone = [replace(each, document="") for each in self._known if digests.get(each.correlation) != each.digest]
        with self._database.writing():
            keep_groups(self._database, [*gone, *unfinished.correlator.changes()], Scope.STORE)
            keep_positions(self._database, self.positions.items(), Scope.STORE)
            keep_facts(self._database, {_NOW: unfinished.now_us}, Scope.STORE)
