"""Hunting: rules over what the event store keeps, column by column, and event by event where columns can't decide."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, Protocol

from sec_ops.content.patterns import holder_of
from sec_ops.detection.database import Database
from sec_ops.detection.events import FlatEvent
from sec_ops.detection.mapping.shape import STORED_SHAPE, Shape
from sec_ops.detection.rule import Rule
from sec_ops.detection.run.detection import Detection, Setting
from sec_ops.detection.run.findings import Findings
from sec_ops.detection.run.gathering import Span
from sec_ops.detection.run.sifting import Judged, Narrow, Sieve, Sifted, Way
from sec_ops.siem.embedded.alike import Asked, Cell, Combination, Group, Numbers
from sec_ops.siem.embedded.hunting import Stretch
from sec_ops.siem.events import RECORD, TIME, Event

__all__ = ["Hunted", "hunt"]

_APART: Final = ("event.ingested", "event.created", "log.offset", RECORD, TIME)
"""Fields that have a value of their own in nearly every event: tests of them are left to the events."""
_WHOLE_SHARE: Final = 5_000
"""Of so many events, one may be judged as an event without its columns being looked at: rare kinds have many fields."""
_OWN_PRICE: Final = 0.4
_FIELD_PRICE: Final = 0.06
"""What it costs to look through an event for its combination, and for a field, by what a field costs to be joined."""
_EVENTS_AT_ONCE: Final = 2_000


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
        hunting = _Hunting(detection, shape, detection.reads(shape, site))
        with store.hunting(span.since_us, span.until_us) as stretches:
            for stretch in stretches:
                hunting.take(stretch)
                progress(stretch.dataset, detection.events)
        return detection.findings(site)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Combinations of first fields: those looked at by columns, those whose events are looked at one by one."""

    by_columns: Mapping[Combination, Way]
    whole: Mapping[Combination, Way]

    @property
    def every(self) -> Sequence[Way]:
        return [*self.by_columns.values(), *self.whole.values()]


@dataclass(frozen=True, slots=True)
class _Values:
    """What the values of fields pass, and which fields may hold words that rules look for."""

    judged: Mapping[str, Judged]
    worded: frozenset[str]

    def there(self) -> Mapping[int, float]:
        """Return the tests that values pass, or a field without one, and by which share of the field's values."""
        found: dict[int, float] = {}
        for each in self.judged.values():
            every = sum(map(len, each.by_passed.values())) + 1
            for passed, values in each.by_passed.items():
                for test in passed:
                    found[test] = found.get(test, 0.0) + len(values) / every
            for test in each.absent:
                found[test] = 1.0
        return found


class _Hunting:
    """Takes one stretch after the other; what values pass is remembered between them.

    `reads` are the fields of found events that are needed, None for all.
    """

    def __init__(self, detection: Detection, shape: Shape, reads: frozenset[str] | None) -> None:
        self._detection = detection
        self._reads = reads
        self._engine = detection.matcher.engine(shape)
        self._sieve = Sieve(self._engine, _APART)

    def take(self, stretch: Stretch) -> None:
        """Judge the events of a stretch."""
        self._engine.seen.update(stretch.has(sorted(self._engine.rules.fields)))
        combinations = stretch.combinations(self._sieve.first)
        sorted_ = self._sorted(combinations)
        values = self._values(stretch, sorted_)
        unsure = [row for group in self._whole(stretch, list(sorted_.whole)) for row in group.rows]
        open_ = list(sorted_.whole.values())
        found: dict[int, Sequence[Rule]] = {}
        for group, way, sifted in self._by_columns(stretch, combinations, sorted_.by_columns, values):
            if sifted.unsure:
                unsure += group.rows
                open_.append(way)
            else:
                rules = [self._detection.matcher.rules[place] for place in sifted.rules]
                found.update((row, rules) for row in group.rows)
        self._detection.count_elsewhere(sum(combinations.values()) - len(unsure))
        found |= self._judged(stretch, unsure, self._needed(open_, values))
        for row, event in stretch.events(found, self._reads):
            self._detection.take(event, STORED_SHAPE, str(event[RECORD]), found[row])

    def _judged(
        self, stretch: Stretch, rows: Sequence[int], fields: frozenset[str] | None
    ) -> Iterator[tuple[int, Sequence[Rule]]]:
        """Judge events one by one; yield the rows of those that rules find, and the rules."""
        events = stretch.events(rows, fields)
        while some := list(islice(events, _EVENTS_AT_ONCE)):
            for place, _event, rules in self._detection.matcher.run(_tupled(event) for _row, event in some):
                yield some[place][0], rules

    def _needed(self, ways: Sequence[Way], values: _Values) -> frozenset[str] | None:
        """Return the fields without which events can't be judged; None for all."""
        if any(way.whole for way in ways):
            return None
        return values.worded.union(self._sieve.first, *(entry.reads for way in ways for entry in way.entries))

    def _sorted(self, combinations: Mapping[Combination, int]) -> _Sorted:
        ways = {each: way for each in combinations if (way := self._sieve.way(each)) is not None}
        most = sum(combinations.values()) // _WHOLE_SHARE
        whole: dict[Combination, Way] = {}
        for each in sorted(ways, key=lambda each: combinations[each]):
            most -= combinations[each]
            if most < 0:
                break
            whole[each] = ways[each]
        return _Sorted({each: way for each, way in ways.items() if each not in whole}, whole)

    def _values(self, stretch: Stretch, sorted_: _Sorted) -> _Values:
        """Judge the values of fields that decide; of others, where words may stand, those that may hold one."""
        known = {*_APART, *self._sieve.first}
        reads = frozenset[str]().union(*(way.reads for way in sorted_.by_columns.values())) - known
        keywords = frozenset[int]().union(*(way.keywords for way in sorted_.every))
        words = self._sieve.words(keywords)
        holds = _anything if words is None else holder_of(words)
        worded = stretch.holding(sorted(stretch.worded() - known - reads), holds) if keywords else frozenset()
        if stretch.spills():
            return _Values({}, worded)
        values = dict(stretch.distinct(sorted(reads | worded)))
        values |= {name: [each for each in values[name] if holds(_written(each))] for name in worded}
        return _Values({name: self._sieve.judged(name, each) for name, each in values.items()}, worded)

    def _by_columns(
        self,
        stretch: Stretch,
        combinations: Mapping[Combination, int],
        ways: Mapping[Combination, Way],
        values: _Values,
    ) -> Iterator[tuple[Group, Way, Sifted]]:
        """Yield groups that rules find, or may find; columns are read of fields that decide, and are there."""
        if stretch.spills():
            every = list(ways.values())
            for group in self._whole(stretch, list(ways)):
                yield group, every[group.combination], Sifted((), unsure=True)
            return
        there = values.there()
        left = {each: narrow for each, way in ways.items() if (narrow := self._sieve.narrowed(way, there)) is not None}
        passed = {name: each.every for name, each in values.judged.items()}
        deciding = {each: _deciding(narrow, passed) for each, narrow in left.items()}
        for together in _clusters(deciding, combinations):
            for group, sifted in self._sifted(stretch, {each: left[each] for each in together}, values.judged):
                yield group, ways[together[group.combination]], sifted

    def _sifted(
        self, stretch: Stretch, left: Mapping[Combination, Narrow], judged: Mapping[str, Judged]
    ) -> Iterator[tuple[Group, Sifted]]:
        tests = frozenset().union(*(narrow.tests for narrow in left.values()))
        needed = frozenset().union(*(narrow.by_test for narrow in left.values()))
        numbering = {name: self._sieve.numbered(each, tests, needed) for name, each in judged.items()}
        always = [each.passed[0] for each in numbering.values() if not each.numbers]
        deciding = {name: each for name, each in numbering.items() if each.numbers}
        narrows = list(left.values())
        pairs = sorted(frozenset().union(*(narrow.pairs for narrow in narrows)))
        known: dict[tuple[int, tuple[int | None, ...], tuple[bool, ...]], Sifted] = {}

        def wanted(combination: int, numbers: tuple[int | None, ...], alike: tuple[bool, ...]) -> bool:
            given = zip(deciding.values(), numbers, strict=True)
            passed = chain(always, (each.passed[number or 0] for each, number in given))
            apart = [pair for pair, same in zip(pairs, alike, strict=True) if not same]
            sifted = known[combination, numbers, alike] = self._sieve.found(narrows[combination], passed, apart)
            return bool(sifted.rules) or sifted.unsure

        asked = Asked(
            fields=self._sieve.first,
            combinations=list(left),
            numbers={name: Numbers(each.numbers, each.least) for name, each in deciding.items()},
            pairs=pairs,
            always=_always(narrows, [each.passed[0] for each in numbering.values()]),
        )
        for group in stretch.groups(asked, wanted):
            yield group, known[group.combination, group.numbers, group.alike]

    def _whole(self, stretch: Stretch, combinations: Sequence[Combination]) -> Iterator[Group]:
        every = range(len(combinations))
        asked = Asked(fields=self._sieve.first, combinations=combinations, always=every)
        return stretch.groups(asked, lambda _combination, _numbers, _alike: True)


def _anything(_data: bytes) -> bool:
    return True


def _written(cell: Cell) -> bytes:
    """Return the values of a cell in UTF-8, one behind the other."""
    return "\0".join(map(str, cell if isinstance(cell, tuple) else [cell])).encode()


def _always(narrows: Sequence[Narrow], lacking: Sequence[frozenset[int]]) -> Collection[int]:
    """Return the places of those of which some rule needs nothing more, or what events pass that lack a field."""
    absent = frozenset().union(*lacking)
    return [
        place
        for place, each in enumerate(narrows)
        if each.always or not each.by_test.keys().isdisjoint(absent | each.passed)
    ]


def _deciding(narrow: Narrow, passed: Mapping[str, frozenset[int]]) -> frozenset[str]:
    """Return the fields with values that pass a test that decides."""
    return frozenset(name for name, each in passed.items() if not each.isdisjoint(narrow.tests))


def _clusters(
    wanted: Mapping[Combination, frozenset[str]], counts: Mapping[Combination, int]
) -> list[list[Combination]]:
    """Return combinations that are looked at together, given the fields that decide each and how many events it has.

    A query costs something for each of its fields, of which it reads all events of the stretch, and for each event and
    field that is looked at: frequent combinations are looked at by themselves, others with those like them.
    """
    every = sum(counts.values())
    clusters: list[_Cluster] = []
    for each in sorted(wanted, key=lambda each: -counts[each]):
        alone = _Cluster([], frozenset(), 0)
        grown = [(cluster.grown(each, wanted[each], counts[each]), cluster) for cluster in (alone, *clusters)]
        best, old = min(grown, key=lambda pair: pair[0].price(every) - (pair[1].price(every) if pair[1].members else 0))
        clusters = [cluster for cluster in clusters if cluster is not old] + [best]
    return [cluster.members for cluster in clusters]


@dataclass(frozen=True, slots=True)
class _Cluster:
    members: list[Combination]
    fields: frozenset[str]
    events: int

    def grown(self, member: Combination, fields: frozenset[str], events: int) -> "_Cluster":
        return _Cluster([*self.members, member], self.fields | fields, self.events + events)

    def price(self, every: int) -> float:
        return every * (_OWN_PRICE + _FIELD_PRICE * len(self.fields)) + self.events * len(self.fields)


def _tupled(event: Event) -> FlatEvent:
    """Return an event with its lists as tuples, whose values the matcher remembers."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in event.items()}
