"""What is remembered of one group of a correlation."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from sec_ops.detection.correlate.points import Point, events_of
from sec_ops.detection.events import Occurrence

__all__ = ["MINUTE_US", "Group", "Sample"]

MINUTE_US = 60_000_000

Sample = tuple[str, Occurrence]
"""The id of a rule and an event that it found."""
_MOST_SPREAD = 64
_MOST_TOLD = 256
_FEW = 64


class Group:
    """Points in order of time, the times at which it told, and some of its events."""

    def __init__(self, shown: tuple[str, ...]) -> None:
        self.shown = shown
        self.points: list[Point] = []
        self.told: list[int] = []
        self.judged_us: int | None = None
        self.more_us: int | None = None
        self.ends: dict[int, Sample] = {}
        self.touched_us = 0
        self.look_at = _FEW
        self.samples: dict[str, list[Sample]] = {}

    def add(self, points: Iterable[Point]) -> None:
        """Take points in at their time; what is there already is not taken twice."""
        for point in points:
            if point.record and self._has(point):
                continue
            if not self.points or point >= self.points[-1]:
                self.points.append(point)
            else:
                insort(self.points, point)
            self.touched_us = max(self.touched_us, point.arrived_us)

    def _has(self, point: Point) -> bool:
        same_time = self.window(point.time_us, point.time_us)
        return any(each.record == point.record and each.key == point.key for each in same_time)

    def keep_latest(self, rule: str, samples: Sequence[Sample], most: int) -> None:
        """Keep the latest events that a rule gave, at most that many."""
        kept = self.samples.setdefault(rule, [])
        kept += samples
        if len(kept) > most:
            kept.sort(key=_moment)
            del kept[:-most]

    def keep_spread(self, rule: str, samples: Sequence[Sample], width_us: int) -> None:
        """Keep the first and the last event of every stretch of time, so that windows judged later have some of it."""
        kept = sorted([*self.samples.get(rule, ()), *samples], key=_moment)
        stretches = [list(same) for _, same in groupby(kept, key=lambda each: _moment(each) // width_us)]
        ends = [each for same in stretches for each in (same if len(same) < 3 else (same[0], same[-1]))]
        self.samples[rule] = ends[-_MOST_SPREAD:]

    def window(self, since_us: int, until_us: int) -> Sequence[Point]:
        """Return the points of a span, both ends included."""
        return self.points[self.place(since_us) : self.place(until_us + 1)]

    def place(self, time_us: int) -> int:
        """Return the index of the first point at or after that time."""
        return bisect_left(self.points, (time_us,))

    def quiet_at(self, time_us: int, span_us: int) -> bool:
        """Return whether it told nothing within a span of that time, both ends included."""
        index = bisect_left(self.told, time_us - span_us)
        return index == len(self.told) or self.told[index] > time_us + span_us

    def tell(self, since_us: int, until_us: int) -> int:
        """Return how many events of a span were not told before: now they are."""
        begin, end = self.place(since_us), self.place(until_us + 1)
        events = events_of(self.points[begin:end])
        self.points[begin:end] = [point._replace(events=0) for point in self.points[begin:end]]
        return events

    def note_more(self, sample: Sample) -> None:
        """Note an event on top of what it told: the last of its minute stands for that minute."""
        minute = _moment(sample) // MINUTE_US
        if minute not in self.ends or _moment(sample) >= _moment(self.ends[minute]):
            self.ends[minute] = sample

    def tell_more(self, span_us: int) -> Iterator[tuple[int, int, Sample]]:
        """Yield count, last time and last event of what is near a time it told and not told, minute by minute."""
        untold = [point for point in self.points if point.events and not self.quiet_at(point.time_us, span_us)]
        if untold:
            told = set(map(id, untold))
            self.points = [point._replace(events=0) if id(point) in told else point for point in self.points]
        for minute, points in groupby(untold, key=lambda point: point.time_us // MINUTE_US):
            some = list(points)
            sample = self.ends.get(minute) or self._nearest(some[-1].time_us)
            if sample:
                yield events_of(some), some[-1].time_us, sample
        self.ends.clear()

    def _nearest(self, time_us: int) -> Sample | None:
        every = (each for kept in self.samples.values() for each in kept)
        return min(every, key=lambda each: abs(_moment(each) - time_us), default=None)

    def sampled(self, since_us: int, until_us: int, most: int, also: Sequence[Sample]) -> tuple[Sample, ...]:
        """Return events of a span in order of time, at most that many: these, then the latest of every rule in turn."""
        by_rule = [
            [each for each in sorted(kept, key=_moment, reverse=True) if since_us <= _moment(each) <= until_us]
            for kept in self.samples.values()
        ]
        chosen = list(also)
        for rank in range(most):
            chosen += [kept[rank] for kept in by_rule if rank < len(kept) and kept[rank] not in chosen]
        return tuple(sorted(chosen[:most], key=_moment))

    def forget(self, arrived_before_us: int) -> None:
        """Let go of what came before a time, if there is much."""
        if len(self.points) >= self.look_at:
            self.points = [point for point in self.points if point.arrived_us >= arrived_before_us]
            self.look_at = max(_FEW, 2 * len(self.points))

    def note_told(self, time_us: int) -> None:
        """Note that it told at that time."""
        insort(self.told, time_us)
        del self.told[:-_MOST_TOLD]

    def arrived_by(self, now_us: int) -> None:
        """Take what claims to have come in the future for come now: the clock was set back."""
        self.points = [point._replace(arrived_us=min(point.arrived_us, now_us)) for point in self.points]
        self.touched_us = min(self.touched_us, now_us)


def _moment(sample: Sample) -> int:
    return sample[1].time_us or 0
