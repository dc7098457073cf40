"""Hunting: rules over what the event store keeps, column by column, and event by event where columns can't decide."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, Protocol

from sec_ops.detection.database import Database
from sec_ops.detection.events import FlatEvent
from sec_ops.detection.mapping.shape import STORED_SHAPE, Shape
from sec_ops.detection.run.detection import Detection, Setting
from sec_ops.detection.run.findings import Findings
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.run.sifting import Judged, Sieve, Sifted, Way
from sec_ops.siem.embedded.hunting import Cell, Group, Stretch
from sec_ops.siem.events import RECORD, TIME, Event

__all__ = ["Hunted", "hunt"]

_APART: Final = ("event.ingested", "event.created", "log.offset", RECORD, TIME)
"""Fields that have a value of their own in nearly every event: tests of them are left to the events."""
_WHOLE_SHARE: Final = 500
"""Of so many events, one may be judged as an event without its columns being looked at: rare kinds have many fields."""
_FREQUENT_SHARE: Final = 40
"""Of so many events, one of a combination makes it a frequent one."""
_EVENTS_AT_ONCE: Final = 2_000
_Combination = tuple[Cell | None, ...]


class Hunted(Protocol):
    """A store that is read column by column."""

    def hunting(self, since_us: int | None, until_us: int | None) -> AbstractContextManager[Iterator[Stretch]]:
        """Enter a view of the events of [since, until), microseconds, in stretches."""
        ...


def hunt(
    store: Hunted,
    setting: Setting,
    span: Span,
    *,
    site: Database | None,
    progress: Callable[[str, int], None],
) -> Findings:
    """Judge all stored events of a span; alerts are kept in the site's database when it is given.

    `progress` is told the dataset and how many events were judged so far. Raises EngineError, StorageError.
    """
    (shape,) = (each for each in setting.shapes if each.id == STORED_SHAPE)
    with Detection(setting, span) as detection:
        hunting = _Hunting(detection, shape)
        with store.hunting(span.since_us, span.until_us) as stretches:
            for stretch in stretches:
                hunting.take(stretch)
                progress(stretch.dataset, detection.events)
        return detection.findings(site)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Combinations of first fields: those looked at by columns, those whose events are looked at one by one."""

    by_columns: Mapping[_Combination, Way]
    whole: Sequence[_Combination]


class _Hunting:
    """Takes one stretch after the other; what values pass is remembered between them."""

    def __init__(self, detection: Detection, shape: Shape) -> None:
        self._detection = detection
        self._engine = detection.matcher.engine(shape)
        self._sieve = Sieve(self._engine, _APART)

    def take(self, stretch: Stretch) -> None:
        """Judge the events of a stretch."""
        self._engine.seen.update(stretch.has(sorted(self._engine.rules.fields)))
        combinations = stretch.combinations(self._sieve.first)
        sorted_ = self._sorted(combinations)
        unsure = [row for group in stretch.groups(self._sieve.first, sorted_.whole, {}) for row in group.rows]
        found: dict[int, tuple[int, ...]] = {}
        for group, sifted in self._by_columns(stretch, combinations, sorted_.by_columns):
            if sifted.unsure:
                unsure += group.rows
            else:
                found |= dict.fromkeys(group.rows, sifted.rules)
        self._detection.count_elsewhere(sum(combinations.values()) - len(unsure))
        for row, event in stretch.events(found):
            self._detection.take(event, STORED_SHAPE, str(event[RECORD]), found[row])
        self._judge(stretch, unsure)

    def _judge(self, stretch: Stretch, rows: Sequence[int]) -> None:
        """Judge events one by one."""
        found = stretch.events(rows)
        while events := [_judged(event) for _row, event in islice(found, _EVENTS_AT_ONCE)]:
            self._detection.judge(events, _records(events))

    def _sorted(self, combinations: Mapping[_Combination, int]) -> _Sorted:
        ways = {each: way for each in combinations if (way := self._sieve.way(each)) is not None}
        most = sum(combinations.values()) // _WHOLE_SHARE
        whole: list[_Combination] = []
        for each in sorted(ways, key=lambda each: combinations[each]):
            most -= combinations[each]
            if most < 0:
                break
            whole.append(each)
        return _Sorted({each: way for each, way in ways.items() if each not in set(whole)}, whole)

    def _by_columns(
        self, stretch: Stretch, combinations: Mapping[_Combination, int], ways: Mapping[_Combination, Way]
    ) -> Iterator[tuple[Group, Sifted]]:
        """Yield groups that rules find, or may find; columns are read of fields that decide, and are there."""
        if stretch.spills():
            some = stretch.groups(self._sieve.first, list(ways), {})
            yield from ((group, Sifted((), unsure=True)) for group in some)
            return
        judged = self._values(stretch, list(ways.values()))
        for together in _clusters(combinations, list(ways)):
            yield from self._sifted(stretch, {each: ways[each] for each in together}, judged)

    def _values(self, stretch: Stretch, ways: Sequence[Way]) -> dict[str, Judged]:
        worded = stretch.worded() if any(way.worded for way in ways) else frozenset()
        reads = sorted(worded.union(*(way.reads for way in ways)) - {*_APART, *self._sieve.first})
        return {name: self._sieve.judged(name, values) for name, values in stretch.distinct(reads).items()}

    def _sifted(
        self, stretch: Stretch, ways: Mapping[_Combination, Way], judged: Mapping[str, Judged]
    ) -> Iterator[tuple[Group, Sifted]]:
        asked = frozenset().union(*(way.tests for way in ways.values()))
        numbering = {name: self._sieve.numbered(each, asked) for name, each in judged.items()}
        always = [each.passed[0] for each in numbering.values() if not each.numbers]
        deciding = {name: each for name, each in numbering.items() if each.numbers}
        combinations = list(ways)
        numbers: dict[str, Mapping[Cell, int]] = {name: each.numbers for name, each in deciding.items()}
        for group in stretch.groups(self._sieve.first, combinations, numbers):
            given = zip(deciding.values(), group.numbers, strict=True)
            passed = chain(always, (each.passed[number or 0] for each, number in given))
            sifted = self._sieve.found(ways[combinations[group.combination]], passed)
            if sifted.rules or sifted.unsure:
                yield group, sifted


def _clusters(
    combinations: Mapping[_Combination, int], wanted: Sequence[_Combination]
) -> Iterator[Sequence[_Combination]]:
    """Yield combinations that are looked at together: frequent ones by themselves, for they read few columns."""
    least = sum(combinations.values()) / _FREQUENT_SHARE
    frequent = [each for each in wanted if combinations[each] >= least]
    yield from ([each] for each in frequent)
    if len(frequent) < len(wanted):
        yield [each for each in wanted if combinations[each] < least]


def _judged(event: Event) -> FlatEvent:
    """Return an event with its lists as tuples, whose values the matcher remembers."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in event.items()}


def _records(events: Sequence[FlatEvent]) -> Callable[[int], str]:
    return lambda place: str(events[place][RECORD])
