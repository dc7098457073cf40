"""Which rules are left for events that passed the same first tests, and what is asked of such events next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sec_ops.detection.match.conditions import Known, holds
from sec_ops.detection.match.memo import ENTRY_COST
from sec_ops.detection.match.numbered import Entry, NumberedRules

__all__ = ["Route", "SetMemo", "routed"]

SETS_ROOM: Final = 24_000_000
"""So many bytes of sets of tests are remembered."""
FIELD_PRICE: Final = 200.0
"""What it costs to fetch one field more, beside the prices of needs."""


@dataclass(slots=True)
class SetMemo:
    """What routes of one state remember of sets; all of it is forgotten when it takes too much: many never come again.

    It knows no route, so that a state that is thrown away is gone at once.
    """

    room: int = SETS_ROOM
    known: dict[tuple[int, frozenset[int]], tuple[Entry, ...]] = field(default_factory=dict)

    def keep(self, key: tuple[int, frozenset[int]], entries: tuple[Entry, ...]) -> None:
        """Remember what a set leads to on a route, by the route's identity."""
        self.room -= key[1].__sizeof__() + ENTRY_COST
        if self.room < 0:
            self.room = SETS_ROOM
            self.known.clear()
        self.known[key] = entries


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The rules that are left.

    `fields` are those to fetch next, `unasked` the tests of the fields that come after them. An entry is looked at when
    a test of its need passes, or always when it needs none.
    """

    entries: tuple[Entry, ...]
    fields: frozenset[str]
    by_test: Mapping[int, Sequence[int]]
    always: tuple[int, ...]
    unasked: frozenset[int]
    sets: SetMemo

    def may_hold(self, passed: frozenset[int]) -> tuple[Entry, ...]:
        """Return the entries that may hold when these tests pass and no others of the fields fetched so far."""
        key = (id(self), passed)
        known = self.sets.known.get(key)
        if known is None:
            known = self._judged(passed)
            self.sets.keep(key, known)
        return known

    def _judged(self, passed: frozenset[int]) -> tuple[Entry, ...]:
        places = set(self.always)
        for test in passed:
            places.update(self.by_test.get(test, ()))
        known = Known(passed, self.unasked)
        met = (self.entries[place] for place in sorted(places))
        return tuple(entry for entry in met if holds(entry.condition, known) is not False)


def routed(rules: NumberedRules, passed: frozenset[int], sets: SetMemo) -> Route:
    """Return the route of events that pass these tests of the first fields and no other tests of them.

    The need of each entry is chosen so that few fields have to be fetched: one that others need costs no more.
    """
    entries = rules.left(passed)
    fetched: set[str] = set()
    by_test: dict[int, list[int]] = {}
    always = []
    for place, entry in sorted(enumerate(entries), key=lambda pair: len(rules.later(pair[1]))):
        choices = rules.later(entry)
        if not choices:
            always.append(place)
            continue
        need = min(choices, key=lambda each: each.price + FIELD_PRICE * len(each.fields - fetched))
        fetched |= need.fields
        for test in need.tests:
            by_test.setdefault(test, []).append(place)
    later = frozenset[str]().union(*(entry.reads for entry in entries)) - fetched - rules.routers
    return Route(tuple(entries), frozenset(fetched), by_test, tuple(always), rules.tests_of(later), sets)
