"""Events as they come to alerts, each once, whenever the process dies."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sec_ops.detection.alerts.store import Taken, keep_hits
from sec_ops.detection.correlate.correlator import Correlator
from sec_ops.detection.correlate.keeping import Kept
from sec_ops.detection.correlate.limits import Limits
from sec_ops.detection.database import Database
from sec_ops.detection.events import FlatEvent, Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.live.judging import Judging
from sec_ops.detection.live.kept import (
    Gap,
    GapReason,
    keep_facts,
    keep_gap,
    keep_groups,
    keep_positions,
    kept_facts,
    kept_groups,
    kept_positions,
)
from sec_ops.detection.live.positions import Positions, Record
from sec_ops.detection.rule import Rule

__all__ = ["Batch", "Detector", "Tally"]

MOST_HITS = 50_000
"""How many hits wait in memory while they can't be written; further ones make a gap."""

_Found = tuple[Occurrence, Sequence[Rule]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Events that became whole when a stream was at a batch (see `sec_ops.siem.watching`)."""

    stream: str
    sequence: int
    received_ms: int
    events: Sequence[FlatEvent]
    record: Record
    fell_silent: bool = False


@dataclass(slots=True)
class Tally:
    """What was done since the process began: events judged, those that could not be, hits, alerts opened.

    `delay_ms` is how long after its receipt the oldest hit of the last write was written.
    """

    events: int = 0
    unjudged: int = 0
    hits: int = 0
    alerts: int = 0
    delay_ms: int = 0


@dataclass(slots=True)
class _Unwritten:
    hits: list[Hit] = field(default_factory=list)
    groups: dict[tuple[str, str], Kept] = field(default_factory=dict)
    gaps: dict[GapReason, Gap] = field(default_factory=dict)
    oldest_ms: int | None = None

    @property
    def urgent(self) -> bool:
        return bool(self.hits or self.gaps)


class Detector:
    """Judges events with a rule set; the caller says when to write (`write`), at least before a store takes the events.

    Raises StorageError from the constructor and `write`; what could not be written is written the next time.
    """

    def __init__(self, database: Database, judging: Judging, *, limits: Limits | None = None) -> None:
        self.tally = Tally()
        self._database = database
        self._limits = limits or Limits()
        self._positions = Positions(kept_positions(database))
        self._unwritten = _Unwritten()
        self._received_ms = 0
        self._not_used: Counter[str] = Counter()
        self._now_us = kept_facts(database).get("now_us", 0)
        self._judging = judging
        self._correlator = self._correlating(kept_groups(database))

    @property
    def judging(self) -> Judging:
        """Return the rule set that judges."""
        return self._judging

    @property
    def waiting(self) -> int:
        """Return how many hits wait to be written."""
        return len(self._unwritten.hits)

    @property
    def not_used(self) -> Mapping[str, int]:
        """Return what was not searched or correlations could not use, by name, without what never happened."""
        total: Counter[str] = Counter(self._not_used)
        for counts in self._correlator.counts.values():
            total.update(counts.document())
        total.update(self._judging.given_up())
        return {name: count for name, count in total.items() if count}

    @property
    def urgent(self) -> bool:
        """Return whether there is something that people wait for."""
        return self._unwritten.urgent

    def change(self, judging: Judging) -> None:
        """Judge with another rule set; correlations that are the same go on with what they remember."""
        self._gather()
        state = self._correlator.state()
        self._not_used = Counter(self.not_used)
        self._judging = judging
        self._correlator = self._correlating(state)

    def begin(self, stream: str, sequence: int, now_ms: int) -> None:
        """Go on with a stream after this batch."""
        missed = self._positions.begin(stream, sequence, now_ms)
        if missed:
            self.gap(Gap(since_ms=missed.received_ms, until_ms=now_ms, reason=GapReason.STORED_UNJUDGED))

    def see(self, batch: Batch, now_us: int) -> None:
        """Judge what was not judged before."""
        self._arrive(now_us)
        places = self._positions.fresh(
            batch.stream, batch.sequence, len(batch.events), batch.record, fell_silent=batch.fell_silent
        )
        self._judge(batch, places)
        loose = map(batch.record, places) if batch.fell_silent else ()
        self._positions.judged(batch.stream, batch.sequence, batch.received_ms, loose)

    def settle(self, stream: str, sequence: int) -> None:
        """Hear that the store is about to have a stream up to a batch, of which all events were seen."""
        self._positions.reached(stream, sequence)

    def stored(self, stream: str, now_ms: int) -> None:
        """Hear that the store has everything of a stream that was seen."""
        self._positions.stored(stream, now_ms)

    def advance(self, now_us: int) -> None:
        """Say what time it is, when no stream has more to give."""
        self._arrive(now_us)
        self._take(self._correlator.advance(now_us))

    def pass_over(self, stream: str, sequence: int, received_ms: int) -> None:
        """Go on after a batch that nobody judged: the caller tells of the gap."""
        self._positions.judged(stream, sequence, received_ms)

    def gap(self, gap: Gap) -> None:
        """Note events that were not judged."""
        known = self._unwritten.gaps.get(gap.reason)
        self._unwritten.gaps[gap.reason] = known.joined(gap) if known else gap

    def write(self, now_ms: int) -> Taken:
        """Write alerts, positions and what correlations remember, all or nothing; return what became of the alerts."""
        self._gather()
        unwritten, streams = self._unwritten, sorted(self._positions.changed)
        with self._database.writing():
            taken = keep_hits(
                self._database,
                unwritten.hits,
                now_ms=now_ms,
                names=self._judging.names,
                suppress=self._judging.suppress,
            )
            keep_groups(self._database, unwritten.groups.values())
            keep_positions(self._database, [(name, self._positions.of(name)) for name in streams])
            keep_facts(self._database, {"now_us": self._now_us})
            for gap in unwritten.gaps.values():
                keep_gap(self._database, gap)
        self._unwritten = _Unwritten()
        self._positions.changed.clear()
        self.tally.alerts += len(taken.opened)
        if unwritten.oldest_ms is not None:
            self.tally.delay_ms = max(now_ms - unwritten.oldest_ms, 0)
        return taken

    def _correlating(self, state: Iterable[Kept]) -> Correlator:
        judging = self._judging
        correlator = Correlator(judging.correlations, judging.rules, limits=self._limits, names=judging.names)
        kept = list(state)
        correlator.restore(kept, self._now_us)
        digests = {each.header.id: each.header.digest for each in judging.correlations}
        for each in kept:
            if digests.get(each.correlation) != each.digest:
                self._unwritten.groups[each.correlation, each.key] = replace(each, document="")
        return correlator

    def _arrive(self, now_us: int) -> None:
        self._now_us = now_us
        self._correlator.arrive(now_us)

    def _gather(self) -> None:
        for kept in self._correlator.changes():
            self._unwritten.groups[kept.correlation, kept.key] = kept

    def _judge(self, batch: Batch, places: Sequence[int]) -> None:
        self.tally.events += len(places)
        self._received_ms = batch.received_ms
        alerting, looked_at = self._judging.alerting, self._correlator.rules
        for occurrence, rules in self._found(batch, places):
            for rule in rules:
                if rule.header.id in alerting:
                    self._take((Hit(rule=rule, occurrences=(occurrence,)),))
                if rule.header.id in looked_at:
                    self._take(self._correlator.feed(rule, occurrence))

    def _found(self, batch: Batch, places: Sequence[int]) -> Sequence[_Found]:
        """Return the events that rules find; one that judging fails on is a gap, and costs no other its judgement."""
        try:
            return self._find(batch, places)
        except Exception as error:  # noqa: BLE001 - whatever a rule chokes on
            if len(places) > 1:
                return [found for place in places for found in self._found(batch, (place,))]
            self.tally.unjudged += 1
            at_ms, detail = batch.received_ms, f"{batch.record(places[0])}: {type(error).__name__}"
            self.gap(Gap(since_ms=at_ms, until_ms=at_ms, reason=GapReason.FAILED, events=1, detail=detail))
            return ()

    def _find(self, batch: Batch, places: Sequence[int]) -> Sequence[_Found]:
        judging, events = self._judging, batch.events
        return [
            (judging.occurrence(events[places[at]], batch.record(places[at])), rules)
            for at, rules in judging.find(events[place] for place in places)
        ]

    def _take(self, hits: Iterable[Hit]) -> None:
        for hit in hits:
            if hit.rule.header.id not in self._judging.alerting:
                continue
            self.tally.hits += 1
            if len(self._unwritten.hits) < MOST_HITS:
                self._unwritten.hits.append(hit)
                self._unwritten.oldest_ms = self._unwritten.oldest_ms or self._received_ms
            else:
                self._let_go(hit)

    def _let_go(self, hit: Hit) -> None:
        """Let a hit go that has no room: hunting finds it again."""
        at_ms = (hit.occurrences[-1].time_us or 0) // 1000 if hit.occurrences else 0
        self.gap(Gap(since_ms=at_ms, until_ms=at_ms, reason=GapReason.NO_ROOM, events=1))
