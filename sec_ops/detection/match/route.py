"""Which rules are left for events that passed the same first tests, and what is asked of such events next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sec_ops.detection.match.numbered import Entry, NumberedRules

__all__ = ["Route", "routed"]

FIELD_PRICE: Final = 200.0
"""What it costs to fetch one field more, beside the prices of needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """The rules that are left.

    `fields` are those to fetch next; an entry is met when a test of its need passes, or always when it needs none.
    """

    entries: tuple[Entry, ...]
    fields: frozenset[str]
    by_test: Mapping[int, tuple[int, ...]]
    always: tuple[int, ...]

    def met(self, passed: frozenset[int]) -> tuple[Entry, ...]:
        """Return the entries that may hold when these tests pass."""
        places = set(self.always)
        for test in passed:
            places.update(self.by_test.get(test, ()))
        return tuple(self.entries[place] for place in sorted(places))


def routed(rules: NumberedRules, passed: frozenset[int]) -> Route:
    """Return the route of events that pass these tests of the first fields and no other tests of them.

    The need of each entry is chosen so that few fields have to be fetched: one that others need costs no more.
    """
    entries = [entry for entry in rules.entries if all(not need.isdisjoint(passed) for need in entry.first_needs)]
    fetched: set[str] = set()
    by_test: dict[int, list[int]] = {}
    always = []
    for place, entry in sorted(enumerate(entries), key=lambda pair: len(pair[1].later_needs)):
        if not entry.later_needs:
            always.append(place)
            continue
        _, need = min(
            (price + FIELD_PRICE * len(fields - fetched), number)
            for number, (_, fields, price) in enumerate(entry.later_needs)
        )
        tests, fields, _ = entry.later_needs[need]
        fetched |= fields
        for test in tests:
            by_test.setdefault(test, []).append(place)
    return Route(tuple(entries), frozenset(fetched), _frozen(by_test), tuple(always))


def _frozen(by_test: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, ...]]:
    return {test: tuple(places) for test, places in by_test.items()}
