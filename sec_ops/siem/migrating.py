"""Taking all events from one store to another, day by day: broken off anywhere, it goes on where it stopped.

What the target has of a day is compared with what the source has, place by place, and only what is missing is told. A
stream's commit follows when every event is there, so that the indexer goes on in the target without a gap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sec_ops.siem.events import Row
from sec_ops.siem.storing import Commit, DatasetDay, Movable

__all__ = ["DayMoved", "Migration", "plan_migration", "run_migration"]

STREAM = "migration"
"""The stream in whose name events are told to the target; its sequence counts the portions."""
_PORTION = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMoved:
    """A day of a dataset: events in both stores, and how many were told; the target may have more than the source."""

    dataset: str
    day: str
    source: int
    target: int
    copied: int = 0

    @property
    def complete(self) -> bool:
        """Tell whether the target has every event, by their number."""
        return self.target >= self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What came of it; `changed` when the source was written to meanwhile, so that no commits were handed over."""

    days: tuple[DayMoved, ...]
    streams: int
    changed: bool = False

    @property
    def complete(self) -> bool:
        """Tell whether nothing is missing in the target."""
        return not self.changed and all(day.complete for day in self.days)


def plan_migration(source: Movable, target: Movable) -> Migration:
    """Return what there is to do, without doing it. Raises what the stores raise."""
    return Migration(days=_compared(source, target), streams=len(_streams(source)))


def run_migration(source: Movable, target: Movable, tell: Callable[[DayMoved], None]) -> Migration:
    """Copy what is missing, hand over the commits, and compare the counts; `tell` hears of each day that was copied.

    Raises what the stores raise; what was copied until then is kept, and not copied again.
    """
    before = _streams(source)
    copied: dict[tuple[str, str], int] = {}
    for day in _compared(source, target):
        if not day.complete:
            copied[day.dataset, day.day] = _copy(source, target, day)
            tell(day)
    changed = _streams(source) != before
    days = tuple(
        DayMoved(
            dataset=day.dataset,
            day=day.day,
            source=day.source,
            target=day.target,
            copied=copied.get((day.dataset, day.day), 0),
        )
        for day in _compared(source, target)
    )
    result = Migration(days=days, streams=len(before), changed=changed)
    if result.complete:
        _hand_over(before, target)
    return result


def _compared(source: Movable, target: Movable) -> tuple[DayMoved, ...]:
    there = {(each.dataset, each.day): each.events for each in target.days()}
    ordered = sorted(source.days(), key=lambda each: (each.day, each.dataset))
    return tuple(
        DayMoved(dataset=each.dataset, day=each.day, source=each.events, target=there.get((each.dataset, each.day), 0))
        for each in ordered
    )


def _streams(store: Movable) -> dict[str, Commit]:
    return {name: commit for name, commit in store.committed().items() if name != STREAM}


def _copy(source: Movable, target: Movable, moved: DayMoved) -> int:
    """Tell the target the rows of a day that it lacks, and return their number."""
    day = DatasetDay(dataset=moved.dataset, day=moved.day, events=moved.source, bytes=0)
    kept = iter(()) if moved.target == 0 else target.rows(day)
    missing = _missing(source.rows(day), kept)
    last = target.committed().get(STREAM)
    sequence = last.sequence if last else 0
    count = 0
    while portion := list(islice(missing, _PORTION)):
        sequence += 1
        target.append(portion, Commit(stream=STREAM, sequence=sequence))
        count += len(portion)
    return count


def _missing(rows: Iterator[Row], kept: Iterator[Row]) -> Iterator[Row]:
    """Yield the rows that aren't kept; both come by their place."""
    other = next(kept, None)
    for row in rows:
        while other is not None and _place(other) < _place(row):
            other = next(kept, None)
        if other is None or _place(other) != _place(row):
            yield row


def _place(row: Row) -> tuple[str, int, int, int]:
    return row.place.stream, row.place.sequence, row.index, row.part


def _hand_over(commits: dict[str, Commit], target: Movable) -> None:
    there = target.committed()
    for stream, commit in commits.items():
        if stream not in there or there[stream].sequence < commit.sequence:
            target.append((), commit)
