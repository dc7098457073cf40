"""One correlation while events come: its groups, told at once or when their window is over."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from sec_ops.detection.correlate.compacting import compacted
from sec_ops.detection.correlate.group import MINUTE_US, Group, Sample
from sec_ops.detection.correlate.limits import Counts, Limits
from sec_ops.detection.correlate.points import Point, holds, measure, monotone
from sec_ops.detection.correlate.taking import Taken, folded
from sec_ops.detection.correlate.values import Found
from sec_ops.detection.rule import Aggregate, Correlation

__all__ = ["Machine", "Told"]

_SPARE = 1_000
"""So many entries of groups that are gone wait until all are gone through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A window of a group for which the condition holds: when it ends, how many events, some of them."""

    correlation: Correlation
    group: tuple[str, ...]
    time_us: int
    count: int
    samples: tuple[Sample, ...]
    more: bool = False


class Machine:
    """The state of one correlation; `now_us` of every call never goes back but by `set_back`."""

    def __init__(self, correlation: Correlation, limits: Limits) -> None:
        self.correlation = correlation
        self.counts = Counts()
        self.groups: OrderedDict[tuple[str, ...], Group] = OrderedDict()
        self.changed: set[tuple[str, ...]] = set()
        self._limits = limits
        self._span_us = correlation.span_s * 1_000_000
        self._keep_us = self._span_us + limits.lateness_us
        self._points = limits.points_of(correlation)
        self._samples = max(2, limits.samples // len(set(correlation.rules)))
        self._at_once = monotone(correlation)
        self._ordered = correlation.aggregate is Aggregate.TEMPORAL_ORDERED and not correlation.alternatives
        self._in_all = 0
        self._advanced_us = 0
        self._waiting: OrderedDict[tuple[str, ...], None] = OrderedDict()
        self._due: list[tuple[int, tuple[str, ...]]] = []
        self._scheduled: dict[tuple[str, ...], int] = {}

    def take(self, found: Found, taken: Taken, now_us: int) -> Sequence[Told]:
        """Take what a rule found into its groups; return what that tells."""
        if self._at_once and found.time_us < now_us - self._keep_us:
            self.counts.late += 1
        told: list[Told] = []
        for shown in taken.groups:
            told += self._take_into(shown, found, taken.points, now_us)
        return told

    def advance(self, now_us: int) -> Sequence[Told]:
        """Forget groups that were silent long enough; tell of windows that are over."""
        self._advanced_us = now_us
        more = list(self._more(now_us))
        while self.groups and (key := next(iter(self.groups))) and self._silent(self.groups[key], now_us):
            self._drop(key)
        return [*more, *(told for key in self._due_groups(now_us) for told in self._judge(key, now_us))]

    def flush(self) -> Sequence[Told]:
        """Judge every window that is open: nothing more comes."""
        if self._at_once:
            return list(self._more(None))
        told = [each for key in list(self.groups) for each in self._judge(key, None)]
        return sorted(told, key=lambda each: (each.time_us, each.group))

    def set_back(self, now_us: int) -> None:
        """Go on from an earlier time: the clock was set back."""
        self._advanced_us = min(self._advanced_us, now_us)
        for key, group in self.groups.items():
            group.arrived_by(now_us)
            group.more_us = group.more_us and min(group.more_us, now_us + MINUTE_US)
            self.changed.add(key)
        if self._at_once:
            return
        self._scheduled = {key: self._due_us(group) for key, group in self.groups.items() if group.points}
        self._due = sorted((due_us, key) for key, due_us in self._scheduled.items())

    def put(self, key: tuple[str, ...], group: Group) -> None:
        """Take a group of an earlier time in, the one that was silent longest first."""
        self.groups[key] = group
        self._in_all += len(group.points)
        if not self._at_once and group.points:
            self._schedule(key, group)
        if group.more_us is not None:
            self._waiting[key] = None

    def _take_into(self, shown: tuple[str, ...], found: Found, points: Sequence[Point], now_us: int) -> Sequence[Told]:
        key = folded(shown)
        group = self._group(key, shown)
        self.changed.add(key)
        if group.judged_us is not None and found.time_us <= group.judged_us:
            self.counts.late += 1
            return ()
        before = len(group.points)
        group.add(points)
        told: list[Told] = []
        if self._at_once:
            group.keep_latest(found.rule, found.samples, self._samples)
            told += self._tell(group, found)
            self._note_more(key, group, found, now_us, told)
        else:
            group.keep_spread(found.rule, found.samples, self._span_us // 2)
            self._schedule(key, group)
        self._bound(group)
        self._in_all += len(group.points) - before
        self._make_room()
        return told

    def _tell(self, group: Group, found: Found) -> Iterator[Told]:
        """Tell of the windows that the event may have filled: its own, and those it came late for."""
        if group.points[-1].time_us == found.time_us and not group.quiet_at(found.time_us, self._span_us):
            return
        ends = dict.fromkeys(point.time_us for point in group.window(found.time_us, found.time_us + self._span_us))
        for end_us in ends:
            if group.quiet_at(end_us, self._span_us) and self._filled(group, end_us):
                group.note_told(end_us)
                yield self._told(group, end_us - self._span_us, end_us, found.samples)

    def _note_more(self, key: tuple[str, ...], group: Group, found: Found, now_us: int, told: Sequence[Told]) -> None:
        """See to it that an event on top of what a group told is told a minute later at most."""
        if group.quiet_at(found.time_us, self._span_us):
            return
        if not told:
            group.note_more(found.samples[-1])
        if group.more_us is None:
            group.more_us = now_us + min(self._span_us, MINUTE_US)
            self._waiting[key] = None

    def _more(self, now_us: int | None) -> Iterator[Told]:
        """Tell what came on top of what groups told, of those that have waited for it, or of all."""
        while self._waiting:
            key = next(iter(self._waiting))
            group = self.groups.get(key)
            if group and now_us is not None and (group.more_us or 0) > now_us:
                return
            del self._waiting[key]
            if group:
                group.more_us = None
                self.changed.add(key)
                for count, time_us, sample in group.tell_more(self._span_us):
                    yield Told(
                        correlation=self.correlation,
                        group=group.shown,
                        time_us=time_us,
                        count=count,
                        samples=(sample,),
                        more=True,
                    )

    def _filled(self, group: Group, end_us: int) -> bool:
        window = group.window(end_us - self._span_us, end_us)
        if self._ordered and len({point.key for point in window}) < self.correlation.threshold:
            return False
        return holds(self.correlation, measure(self.correlation, window))

    def _judge(self, key: tuple[str, ...], now_us: int | None) -> Iterator[Told]:
        """Judge the windows of a group that are over, all when there is no `now`: each begins with its first event."""
        group = self.groups[key]
        while group.points and (now_us is None or self._due_us(group) < now_us):
            since_us = group.points[0].time_us
            until_us = since_us + self._span_us
            window = group.window(since_us, until_us)
            if holds(self.correlation, measure(self.correlation, window)):
                yield self._told(group, since_us, window[-1].time_us, ())
            group.judged_us = until_us
            del group.points[: len(window)]
            self._in_all -= len(window)
            self.changed.add(key)
        if group.points:
            self._schedule(key, group)

    def _told(self, group: Group, since_us: int, until_us: int, late: Sequence[Sample]) -> Told:
        return Told(
            correlation=self.correlation,
            group=group.shown,
            time_us=until_us,
            count=group.tell(since_us, until_us),
            samples=group.sampled(since_us, until_us, self._limits.samples, also=late),
        )

    def _due_us(self, group: Group) -> int:
        """Return when the first window of a group is over and nobody is waited for any more."""
        lateness = self._limits.lateness_us
        over_us = group.points[0].time_us + self._span_us
        old = any(point.arrived_us > point.time_us + lateness for point in (group.points[0], group.points[-1]))
        return (max(over_us, group.touched_us) if old else over_us) + lateness

    def _schedule(self, key: tuple[str, ...], group: Group) -> None:
        """See to it that a group is looked at when its window is over, and remember that once for each."""
        due_us = self._due_us(group)
        if self._scheduled.get(key, due_us + 1) <= due_us:
            return
        self._scheduled[key] = due_us
        heappush(self._due, (due_us, key))
        if len(self._due) > 2 * len(self._scheduled) + _SPARE:
            self._due = sorted((due_us, key) for key, due_us in self._scheduled.items())

    def _due_groups(self, now_us: int) -> list[tuple[str, ...]]:
        due: dict[tuple[str, ...], None] = {}
        while self._due and self._due[0][0] < now_us:
            due_us, key = heappop(self._due)
            if self._scheduled.get(key) == due_us:
                del self._scheduled[key]
            if key in self.groups and self.groups[key].points:
                due[key] = None
        return list(due)

    def _group(self, key: tuple[str, ...], shown: tuple[str, ...]) -> Group:
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(shown)
        self.groups.move_to_end(key)
        return group

    def _bound(self, group: Group) -> None:
        if self._at_once:
            group.forget(self._advanced_us - self._keep_us)
        if len(group.points) > self._points:
            group.points, given_up = compacted(self.correlation, group.points, self._points)
            self.counts.points_dropped += given_up

    def _make_room(self) -> None:
        while len(self.groups) > 1 and (
            len(self.groups) > self._limits.groups or self._in_all > self._limits.points_in_all
        ):
            self.counts.groups_dropped += 1
            self._drop(next(iter(self.groups)))

    def _silent(self, group: Group, now_us: int) -> bool:
        return group.touched_us + self._keep_us < now_us and (self._at_once or not group.points)

    def _drop(self, key: tuple[str, ...]) -> None:
        self._in_all -= len(self.groups.pop(key).points)
        self._scheduled.pop(key, None)
        self.changed.add(key)
