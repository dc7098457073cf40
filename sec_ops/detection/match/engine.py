"""The rules over the events of one shape."""

from collections.abc import Callable, Iterable
from datetime import tzinfo
from operator import getitem
from typing import Any, Final

from sec_ops.detection.events import FlatEvent, Value
from sec_ops.detection.match.conditions import Need
from sec_ops.detection.match.memo import Budget
from sec_ops.detection.match.nodes import Node, Outcome, first_node, numbers_for
from sec_ops.detection.match.numbered import NumberedRules
from sec_ops.detection.match.state import State, Tests
from sec_ops.detection.match.varied import MANY, Kind
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import KEYWORD, Expression, Regex

__all__ = ["Engine"]

NAME_COST: Final = 64
"""What a name of a plan takes beside its characters."""
PLAN_PRICE: Final = 200
"""To make a plan costs about as much as to judge so many values for keywords."""
KINDS_BOUND: Final = 10_000
NAMES_BOUND: Final = 512
"""Events with more names are looked at without a plan of their own."""


class Engine:
    """Finds the places of the rules that an event passes; rules are given with their mapped expressions.

    `forgettings` counts how often numbers of hit sets began anew.

    Raises SearchError for an expression that can't be searched for: whoever reads rules has refused those.
    """

    def __init__(
        self, rules: Iterable[tuple[int, Expression]], zone: tzinfo, forgotten: Callable[[], None] = lambda: None
    ) -> None:
        self.rules = NumberedRules(rules)
        self._zone, self._forgotten = zone, forgotten
        self._tests = Tests(self.rules, zone)
        self._fields = self.rules.fields - {KEYWORD}
        self._first_parts = frozenset(name.partition(".")[0] for name in self.rules.fields if "." in name)
        self._given_up = 0
        self._kinds: dict[str, Kind] = {}
        self._in_vain = 0
        self._state = self._new_state()
        self._plans: dict[tuple[str, ...], Node | Outcome] = {}
        self.seen: set[str] = set()
        self.forgettings = 0

    @property
    def tests(self) -> Tests:
        """Return the tests of each field, as whoever judges values by columns needs them."""
        return self._tests

    @property
    def given_up(self) -> int:
        """Return how many searches took too long, each value counted once as long as it is remembered."""
        return self._given_up + self._state.budget.given_up

    @property
    def set_aside(self) -> frozenset[Regex]:
        """Return the expressions that took too long altogether and aren't asked any more."""
        return self._tests.searches.set_aside

    def forget(self) -> None:
        """Forget everything remembered; nodes in somebody's hands keep working."""
        self._given_up = self.given_up
        self.forgettings += 1
        self._state, self._plans = self._new_state(), {}
        self._forgotten()

    def plan(self, names: tuple[str, ...]) -> Node | Outcome | None:
        """Return where events of exactly these names begin; None when values of them may nest or they are too many."""
        if len(names) > NAMES_BOUND or self._first_parts.intersection(names):
            return None
        return self._first(names if self._tests.keywords else self._known(names))

    def found(self, event: FlatEvent) -> Outcome:
        """Return what a flat event leads to, whatever its values are, with nothing left open."""
        outcome = self._quickly(event)
        if outcome is None:
            outcome = self._slowly(event)
        return outcome.finished(lambda test: finds(test, event, self._zone)) if outcome.open else outcome

    def _quickly(self, event: FlatEvent) -> Outcome | None:
        """Return what events of these names and values lead to; None for values without a hash and what looks odd."""
        names = tuple(event)
        if len(names) > NAMES_BOUND or KEYWORD in event:
            return None
        node: Any = self._first(names if self._tests.keywords else self._known(names))
        try:
            while node.memos is not None:
                node = node[tuple(map(getitem, node.memos, node.fetch(event)))]
        except TypeError:
            return None
        outcome: Outcome = node
        return outcome

    def _slowly(self, event: FlatEvent) -> Outcome:
        reduced: dict[str, Value] = {name: event[name] for name in self._known(event)}
        if self._tests.keywords:
            reduced[KEYWORD] = [value for name, value in event.items() if name not in reduced]
        node = self._first(tuple(reduced))
        while isinstance(node, Node):
            node = node[numbers_for(node, reduced)]
        return node

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(filter(self._fields.__contains__, names))

    def _new_state(self) -> State:
        return State(
            rules=self.rules,
            tests=self._tests,
            budget=Budget(spent=self.forget),
            kinds=self._kinds,
            turn=self._turn,
        )

    def _turn(self, name: str, kind: Kind) -> None:
        """Take a field for another kind, and plan anew once that is worth its price; text beside numbers is mixed."""
        known = self._kinds.get(name)
        if known is Kind.MIXED or len(self._kinds) > KINDS_BOUND:
            return
        self._kinds[name] = kind if known in (None, kind) else Kind.MIXED
        self._in_vain += 1 if kind is Kind.NUMBER else MANY
        if self._in_vain > PLAN_PRICE * len(self._plans) or self._kinds[name] is Kind.MIXED:
            self._in_vain = 0
            self._plans = {}
            self._forgotten()

    def lacking(self, rule: int) -> frozenset[str]:
        """Return fields without which the rule finds nothing and that no event had; empty when it lacks none."""
        entries = self.rules.by_rule[rule]
        if any(entry.reads <= self.seen for entry in entries):
            return frozenset()
        lacks = [self._lacked(self.rules.in_sight[entry]) or self._lacked(self.rules.needs(entry)) for entry in entries]
        return frozenset[str]().union(*lacks) if all(lacks) else frozenset()

    def _lacked(self, needs: Iterable[Need]) -> frozenset[str]:
        """Return the fields of needs that can't be met by the events so far."""
        found = ((need, self.rules.fields_of(need)) for need in needs)
        return frozenset[str]().union(*(fields for need, fields in found if self._is_unmet(need, fields)))

    def _is_unmet(self, need: Need, fields: frozenset[str]) -> bool:
        seen = KEYWORD in fields or not fields.isdisjoint(self.seen)
        return not seen and not any(need & self._tests.absent_of(name) for name in fields)

    def _first(self, names: tuple[str, ...]) -> Node | Outcome:
        known = self._plans.get(names)
        if known is None:
            self.seen.update(self._known(names))
            known = self._plans[names] = first_node(self._state, names)
            self._state.budget.spend(sum(map(len, names)) + NAME_COST * len(names))
        return known
