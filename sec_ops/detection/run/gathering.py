"""What rules found, gathered from any source of events and told as hits in order of time, correlations among them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sec_ops.detection.events import FlatEvent, Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Rule
from sec_ops.detection.run.occurrences import entity_of, moment_of
from sec_ops.detection.run.ordering import FoundEvent, TimeOrder
from sec_ops.model.event_shape import EventShape

__all__ = ["Correlate", "Gathering", "Span"]


class Correlate(Protocol):
    """What correlations ask: what rules found goes in, in order of time; what correlations found comes out."""

    @property
    def rules(self) -> frozenset[str]:
        """Return the ids of the rules that they look at."""
        ...

    def feed(self, rule: Rule, occurrence: Occurrence) -> Sequence[Hit]:
        """Take an event that a rule found; return what this tells."""
        ...

    def advance(self, now_us: int) -> Sequence[Hit]:
        """Say what time it is (microseconds since 1970, UTC); return what that tells."""
        ...

    def flush(self) -> Sequence[Hit]:
        """Return what they tell because nothing more comes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """[since, until) in microseconds since 1970 (UTC); None is open."""

    since_us: int | None = None
    until_us: int | None = None

    def holds(self, time_us: int | None) -> bool:
        """Return whether a time lies within; what has no time lies in the open span alone."""
        if time_us is None:
            return self.since_us is None and self.until_us is None
        return (self.since_us is None or time_us >= self.since_us) and (
            self.until_us is None or time_us < self.until_us
        )


class Gathering:
    """Takes found events as they come; `hits` counts them by rule, correlations once they are told."""

    def __init__(self, shapes: Mapping[str, EventShape], order: TimeOrder, span: Span) -> None:
        self._shapes = shapes
        self._order = order
        self._span = span
        self._rules: list[Rule] = []
        self._numbers: dict[str, int] = {}
        self.hits: Counter[str] = Counter()

    def take(self, event: FlatEvent, shape: str, record: str, rules: Iterable[Rule]) -> None:
        """Take an event that rules found, if it lies within the span; raises StorageError."""
        time_us = moment_of(event, self._shapes[shape])
        if not self._span.holds(time_us):
            return
        numbers = [self._number(rule) for rule in rules]
        self._order.add(FoundEvent(rules=numbers, shape=shape, record=record, time_us=time_us, event=event))

    def tell(self, correlate: Correlate) -> Iterator[Hit]:
        """Yield all hits in order of time, those of a correlation behind the event that led to it; once."""
        for found in self._order:
            if found.time_us is not None:
                yield from self._counted(correlate.advance(found.time_us))
            occurrence = self._occurrence(found)
            for number in found.rules:
                rule = self._rules[number]
                yield Hit(rule=rule, occurrences=(occurrence,))
                if rule.header.id in correlate.rules:
                    yield from self._counted(correlate.feed(rule, occurrence))
        yield from self._counted(correlate.flush())

    def _number(self, rule: Rule) -> int:
        name = rule.header.id
        self.hits[name] += 1
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._rules)
            self._rules.append(rule)
        return number

    def _counted(self, hits: Iterable[Hit]) -> Iterator[Hit]:
        for hit in hits:
            self.hits[hit.rule.header.id] += not hit.more
            yield hit

    def _occurrence(self, found: FoundEvent) -> Occurrence:
        entity = entity_of(found.event, self._shapes[found.shape])
        return Occurrence(
            event=found.event, shape=found.shape, record=found.record, time_us=found.time_us, entity=entity
        )
