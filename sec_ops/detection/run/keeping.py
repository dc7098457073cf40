"""Hits into alerts, wherever these are kept: for this run alone, and with the site's others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sec_ops.detection.alerts.grouping import FieldNames
from sec_ops.detection.alerts.related import ENDS
from sec_ops.detection.alerts.store import Suppress, Taken, keep_hits
from sec_ops.detection.database import Database
from sec_ops.detection.hits import Hit

__all__ = ["Kept", "Place", "keep"]

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """A database that takes hits; an alert keeps its first `ends` events there and its last."""

    database: Database
    ends: int = ENDS


@dataclass(slots=True)
class Kept:
    """What came of hits in one database: alerts opened, opened again or grown; events counted before; suppressed."""

    opened: set[str] = field(default_factory=set)
    reopened: set[str] = field(default_factory=set)
    grown: set[str] = field(default_factory=set)
    repeated: int = 0
    suppressed: dict[str, int] = field(default_factory=dict)

    def add(self, taken: Taken) -> None:
        """Add what came of some more hits: an alert is named once, by the first that became of it."""
        self.opened.update(taken.opened)
        self.reopened.update(set(taken.reopened) - self.opened)
        self.grown.update(set(taken.grown) - self.opened - self.reopened)
        self.repeated += taken.repeated
        for name, count in taken.suppressed.items():
            self.suppressed[name] = self.suppressed.get(name, 0) + count


def keep(
    hits: Iterable[Hit], places: Sequence[Place], *, now_ms: int, names: FieldNames, suppress: Suppress
) -> list[Kept]:
    """Take hits into alerts of each place; return what came of them in each. Raises StorageError.

    A caller that wants all or nothing of it enters the database's transaction before.
    """
    kept = [Kept() for _ in places]
    for some in _in_groups(hits):
        for place, came_of in zip(places, kept, strict=True):
            taken = keep_hits(place.database, some, now_ms=now_ms, names=names, suppress=suppress, ends=place.ends)
            came_of.add(taken)
    return kept


def _in_groups(hits: Iterable[Hit]) -> Iterator[list[Hit]]:
    waiting = iter(hits)
    while some := list(islice(waiting, _AT_ONCE)):
        yield some
