"""Rules as events of a shape are asked them: more tests for their log source, and fields by the events' own names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sec_ops.detection.mapping.rewriting import fields_of
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.mapping.steps import Steps, steps
from sec_ops.detection.rule import All, AnyOf, Expression, LogSource, Rule
from sec_ops.model.messages import Message, message

__all__ = ["CannotFire", "Variant", "event_fields", "mapped", "variants"]


@dataclass(frozen=True, slots=True)
class CannotFire:
    """Why a rule finds nothing in events of a shape, whatever they hold."""

    reason: Message


@dataclass(frozen=True, slots=True)
class Variant:
    """A rule as one pipeline serves it: its expression (the rule's own condition last), and the names of its fields."""

    expression: Expression
    names: Mapping[str, tuple[str, ...]]


def mapped(rule: Rule, shape: Shape) -> Expression | CannotFire:
    """Return what events of the shape are asked for a rule, or why none can pass.

    Each pipeline that serves the rule's log source makes a variant of it; one of them has to hold.
    """
    found = [expression for expression, _ in _ways(rule, shape)]
    if not found:
        return CannotFire(_reason(rule, shape))
    return found[0] if len(found) == 1 else AnyOf(tuple(dict.fromkeys(found)))


def variants(rule: Rule, shape: Shape) -> tuple[Variant, ...] | CannotFire:
    """Return a rule as each pipeline of the shape serves it, or why none does."""
    fields = (*fields_of(rule.condition), *rule.listed_fields)
    ways = _ways(rule, shape)
    found = tuple(Variant(expression, {name: each.names(name) for name in fields}) for expression, each in ways)
    return found or CannotFire(_reason(rule, shape))


def event_fields(rule: Rule, shape: Shape, name: str) -> tuple[str, ...]:
    """Return what events of the shape call a field that the rule names, in order of preference."""
    return tuple(dict.fromkeys(text for _, each in _serving(rule.source, shape) for text in each.names(name)))


def _ways(rule: Rule, shape: Shape) -> Iterator[tuple[Expression, Steps]]:
    for more, each in _serving(rule.source, shape):
        if not _refusals(rule, each):
            yield All((*more, *each.added, each.rewritten(rule.condition))), each


def _refusals(rule: Rule, each: Steps) -> tuple[str, ...]:
    return (*each.failed, *(each.refusals(fields_of(rule.condition)) if each.renames else ()))


def _serving(source: LogSource, shape: Shape) -> Iterator[tuple[tuple[Expression, ...], Steps]]:
    """Yield what serves a log source, with the conditions that tell events of a product when nothing else does."""
    found = [each for pipeline in shape.sources if (each := steps((pipeline, *shape.names), source)).served]
    yield from (((), each) for each in found)
    if not found and not source.category and not source.service and source.product in shape.products:
        each = steps(shape.names, source)
        yield (each.rewritten(shape.products[source.product]),), each


def _reason(rule: Rule, shape: Shape) -> Message:
    failed = [reason for _, each in _serving(rule.source, shape) for reason in _refusals(rule, each)]
    if failed:
        return message("a pipeline says: {reason}", reason="; ".join(dict.fromkeys(failed)))
    source = rule.source
    named = "/".join(part or "*" for part in (source.product, source.category, source.service))
    return message("no pipeline serves the log source {source} (product/category/service)", source=named)
