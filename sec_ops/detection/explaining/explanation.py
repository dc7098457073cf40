"""A rule judged for one event, part by part, as the reference evaluator judges it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sec_ops.detection.events import FlatEvent
from sec_ops.detection.mapping.flattening import flattened
from sec_ops.detection.mapping.mapped import CannotFire, Variant, variants
from sec_ops.detection.mapping.recognition import recognised
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.naive import Judged, judged
from sec_ops.detection.rule import All, Rule
from sec_ops.model.messages import Message, message

__all__ = ["Explanation", "Way", "explained", "explained_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way a shape serves the rule's log source: the tests that stand for the source, and the rule's own condition.

    `written` says how the rule calls the fields of the event.
    """

    source: tuple[Judged, ...]
    condition: Judged
    written: Mapping[str, str]

    @property
    def served(self) -> bool:
        """Return whether the event is of the rule's log source this way."""
        return all(part.held for part in self.source)

    @property
    def found(self) -> bool:
        """Return whether the rule finds the event this way."""
        return self.condition.held and self.served


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a rule finds an event or doesn't: `cannot` says why it can't fire on such events, then there are no ways.

    `shape` is the id of the event's shape, empty when it is none that is known.
    """

    rule: Rule
    shape: str
    ways: tuple[Way, ...] = ()
    cannot: Message | None = None

    @property
    def found(self) -> bool:
        """Return whether the rule finds the event."""
        return any(way.found for way in self.ways)


def explained(rule: Rule, event: Mapping[str, Any], shapes: Sequence[Shape], zone: tzinfo) -> Explanation:
    """Return why a rule finds an event as it came in, or doesn't; times are of `zone`."""
    shape = recognised(shapes, event)
    if shape is None:
        known = ", ".join(each.id for each in shapes)
        reason = message("the event has no shape that is known; known are: {names}", names=known)
        return Explanation(rule=rule, shape="", cannot=reason)
    return explained_in(rule, flattened(event, shape.content.flatten), shape, zone)


def explained_in(rule: Rule, event: FlatEvent, shape: Shape, zone: tzinfo) -> Explanation:
    """Return why a rule finds a flat event of a shape, or doesn't."""
    found = variants(rule, shape)
    if isinstance(found, CannotFire):
        return Explanation(rule=rule, shape=shape.id, cannot=found.reason)
    ways = {each.expression: each for each in found}.values()
    return Explanation(rule=rule, shape=shape.id, ways=tuple(_way(each, event, zone) for each in ways))


def _way(variant: Variant, event: FlatEvent, zone: tzinfo) -> Way:
    whole = judged(variant.expression, event, zone)
    parts: Iterable[Judged] = whole.parts if isinstance(variant.expression, All) else (whole,)
    *source, condition = parts
    written = {name: field for field, names in variant.names.items() for name in names}
    return Way(source=tuple(source), condition=condition, written=written)
