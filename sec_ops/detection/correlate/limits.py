"""How much a correlation may remember, and what was counted when something could not be used as it came."""

from dataclasses import dataclass, fields

from sec_ops.detection.rule import Aggregate, Correlation

__all__ = ["Counts", "Limits"]

_MOST_POINTS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of each correlation.

    `lateness_us`: how much later than their time events may come and still be judged with all others; `groups`: kept at
    once, the one that was silent longest goes first; `points`: remembered of a group (more where the condition counts
    more); `points_in_all`: of all its groups; `samples`: events shown with a hit; `spread`: groups that one event may
    belong to.
    """

    lateness_us: int = 300_000_000
    groups: int = 50_000
    points: int = 1_000
    points_in_all: int = 100_000
    samples: int = 10
    spread: int = 16

    def points_of(self, correlation: Correlation) -> int:
        """Return how many points of a group are kept: enough for the condition, within reason."""
        counts = correlation.aggregate in (Aggregate.EVENT_COUNT, Aggregate.VALUE_COUNT)
        return max(self.points, min(2 * int(max(correlation.threshold, 0)), _MOST_POINTS)) if counts else self.points


@dataclass(slots=True, kw_only=True)
class Counts:
    """What was not used, or not whole.

    `untimed`: events without a time; `ungrouped`: without a value of a field grouped by; `valueless`: without the value
    that is counted or added up; `late`: later than the lateness, so that others they belong to may be forgotten (in
    whole windows: that were judged already); `groups_dropped`, `points_dropped`: over the bounds.
    """

    untimed: int = 0
    ungrouped: int = 0
    valueless: int = 0
    late: int = 0
    groups_dropped: int = 0
    points_dropped: int = 0

    def document(self) -> dict[str, int]:
        """Return the counts by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def add(self, document: dict[str, int]) -> None:
        """Add counts of another time."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + document.get(each.name, 0))
