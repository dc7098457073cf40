"""Rules over events of any shape: what `detect run`, hunting and live detection ask."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from operator import getitem
from typing import Any, Final

from sec_ops.detection.events import FlatEvent
from sec_ops.detection.mapping.flattening import flattened
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.recognition import flat_shape, recognised
from sec_ops.detection.mapping.rewriting import tests_of
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.match.engine import Engine
from sec_ops.detection.match.nodes import NOTHING, Node, Outcome
from sec_ops.detection.naive import finds
from sec_ops.detection.rule import Expression, Regex, Rule
from sec_ops.model.messages import Message, message

__all__ = ["Counts", "Matcher", "Silent"]

PLANS_BOUND: Final = 20_000
PLAN_CHARACTERS_BOUND: Final = 32_000_000
"""So many characters of names are remembered in plans; of each name a few more are counted for what it takes."""
_NAME: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the events so far: how many, of no known shape, searches given up as too long."""

    events: int
    unknown_shape: int
    given_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A rule that could find nothing, or not all, and why."""

    rule: Rule
    reason: Message


def _first_of(rule: Rule, gone: Collection[Regex]) -> Regex | None:
    operands = (test.operand for test in tests_of(rule.condition))
    return next((each for each in operands if isinstance(each, Regex) and each in gone), None)


def _set_aside(wanted: Regex) -> Message:
    return message("searching for {source} took too long: it is not searched for any more", source=wanted.source)


class _Slow:
    """A plan that leads to the slow way: to call what is None raises TypeError, as a value without a hash does."""

    memos: Sequence[Any] = ()
    fetch = None


class _Plans(dict[tuple[str, ...], Any]):
    """Where events with these names begin."""

    def __init__(self, matcher: "Matcher") -> None:
        super().__init__()
        self._matcher = matcher
        self._room = PLAN_CHARACTERS_BOUND

    def __missing__(self, names: tuple[str, ...]) -> Any:  # noqa: ANN401 - a node, an outcome or the slow way
        plan = self._matcher.plan(names)
        found = _Slow if plan is None else plan
        self._room -= sum(map(len, names)) + _NAME * len(names)
        if len(self) >= PLANS_BOUND or self._room < 0:
            self.clear()
        self[names] = found
        return found

    def clear(self) -> None:
        """Forget all plans."""
        super().clear()
        self._room = PLAN_CHARACTERS_BOUND


class Matcher:
    """The rules of a site over events of the shapes it knows; times are of `zone`.

    Events are maps as they were read; nested ones and lists are understood. It isn't shared between threads.
    """

    def __init__(self, rules: Sequence[Rule], shapes: Sequence[Shape], zone: tzinfo) -> None:
        self.rules = tuple(rules)
        self.shapes = tuple(shapes)
        self._zone = zone
        self._engines: dict[str, Engine] = {}
        self._cannot: dict[str, Mapping[int, CannotFire]] = {}
        self._plans = _Plans(self)
        self._events = self._unknown = 0

    @property
    def counts(self) -> Counts:
        """Return what became of the events so far."""
        given_up = sum(engine.given_up for engine in self._engines.values())
        return Counts(events=self._events, unknown_shape=self._unknown, given_up=given_up)

    @property
    def shapes_seen(self) -> tuple[Shape, ...]:
        """Return the shapes that events had so far."""
        return tuple(shape for shape in self.shapes if shape.id in self._engines and self._engines[shape.id].seen)

    def found(self, event: Mapping[str, Any]) -> tuple[Rule, ...]:
        """Return the rules that find the event, in their order."""
        return next((rules for _, _, rules in self.run((event,))), ())

    def run(self, events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any], tuple[Rule, ...]]]:
        """Yield place, event and rules of every event that a rule finds."""
        plans, nothing = self._plans, NOTHING
        before, place = self._events, -1
        try:
            for place, event in enumerate(events):
                try:
                    node = plans[tuple(event)]
                    while node.memos is not None:
                        node = node[tuple(map(getitem, node.memos, node.fetch(event)))]
                except TypeError:
                    node = self._slowly(event)
                if node is not nothing:
                    self._events = before + place + 1
                    if rules := self._rules(node, event):
                        yield place, event, rules
        finally:
            self._events = before + place + 1

    @property
    def forgettings(self) -> int:
        """Return how often numbers of hit sets began anew: what somebody else keeps of them is worth nothing then."""
        return sum(engine.forgettings for engine in self._engines.values())

    def beginning(self, names: tuple[str, ...]) -> Node | Outcome | None:
        """Return where events with these names begin, None when only their values can tell; it is remembered."""
        plan = self._plans[names]
        return None if plan is _Slow else plan

    def flat(self, event: Mapping[str, Any]) -> tuple[Shape, FlatEvent] | None:
        """Return an event's shape and its fields as rules see them; None when the shape is unknown."""
        shape = recognised(self.shapes, event) if isinstance(event, Mapping) else None
        return (shape, flattened(event, shape.content.flatten)) if shape else None

    def plan(self, names: tuple[str, ...]) -> Node | Outcome | None:
        """Return where flat events with these names begin, None when only their values can tell."""
        shape = flat_shape(self.shapes, names)
        return self.engine(shape).plan(names) if shape else None

    def silent(self) -> tuple[Silent, ...]:
        """Return the rules that could find nothing in the events so far, and why.

        No pipeline serves their log source in any shape (before the first event) or in the shapes that came, or every
        event lacked the fields they need.
        """
        seen = self.shapes_seen or self.shapes
        found = [(rule, self._why_silent(place, seen)) for place, rule in enumerate(self.rules)]
        return tuple(Silent(rule=rule, reason=reason) for rule, reason in found if reason)

    def set_aside(self) -> tuple[Silent, ...]:
        """Return the rules with an expression that took too long altogether, so that it isn't searched for any more."""
        gone = frozenset[Regex]().union(*(engine.set_aside for engine in self._engines.values()))
        asked = ((rule, _first_of(rule, gone)) for rule in self.rules if gone)
        return tuple(Silent(rule=rule, reason=_set_aside(wanted)) for rule, wanted in asked if wanted)

    def _why_silent(self, place: int, shapes: Sequence[Shape]) -> Message | None:
        refused = [self._refusals(shape).get(place) for shape in shapes]
        if refused and all(refused):
            return next(each.reason for each in refused if each)
        lacking = [self._engines[shape.id].lacking(place) for shape in shapes if shape.id in self._engines]
        if not lacking or not all(lacking):
            return None
        return message("no event had the fields {fields}", fields=", ".join(sorted(set().union(*lacking))))

    def _refusals(self, shape: Shape) -> Mapping[int, CannotFire]:
        if shape.id not in self._cannot:
            self._mapped(shape)
        return self._cannot[shape.id]

    def engine(self, shape: Shape) -> Engine:
        """Return what judges the events of a shape, made when first asked for."""
        known = self._engines.get(shape.id)
        if known is None:
            can = self._mapped(shape)
            known = self._engines[shape.id] = Engine(can, self._zone, forgotten=self._plans.clear)
        return known

    def _mapped(self, shape: Shape) -> list[tuple[int, Expression]]:
        """Return the rules that can fire in events of a shape, by place; note those that can't."""
        results = [(place, mapped(rule, shape)) for place, rule in enumerate(self.rules)]
        self._cannot[shape.id] = {place: each for place, each in results if isinstance(each, CannotFire)}
        return [(place, each) for place, each in results if not isinstance(each, CannotFire)]

    def _slowly(self, event: Mapping[str, Any]) -> Outcome:
        found = self.flat(event)
        if found is None:
            self._unknown += 1
            return NOTHING
        shape, flat = found
        return self.engine(shape).found(flat)

    def _rules(self, outcome: Outcome, event: Mapping[str, Any]) -> tuple[Rule, ...]:
        if outcome.open:
            outcome = outcome.finished(lambda test: finds(test, event, self._zone))
        return tuple(self.rules[place] for place in outcome.rules)
