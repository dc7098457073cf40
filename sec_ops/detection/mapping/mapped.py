"""Rules as events of a shape are asked them: more tests for their log source, and fields by the events' own names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sec_ops.detection.mapping.conditions import conditions
from sec_ops.detection.mapping.naming import Name, applies, renamed
from sec_ops.detection.mapping.rewriting import fields_of, renamed_fields
from sec_ops.detection.mapping.shape import Pipeline, Shape
from sec_ops.detection.rule import All, AnyOf, Expression, LogSource, Not, Rule
from sec_ops.model.messages import Message, message
from sec_ops.model.sigma_pipeline import (
    AddCondition,
    ChangeLogSource,
    FailField,
    FailRule,
    FieldItem,
    Item,
    OfLogSource,
    RuleCondition,
)

__all__ = ["CannotFire", "event_fields", "mapped", "variants"]


@dataclass(frozen=True, slots=True)
class CannotFire:
    """Why a rule finds nothing in events of a shape, whatever they hold."""

    reason: Message


@dataclass(frozen=True, slots=True)
class Variant:
    """A rule as one pipeline serves it: its expression, and what its fields are called."""

    expression: Expression
    names: Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class _State:
    """A rule on its way through the items: names of each part's fields, the tests that were added."""

    source: LogSource
    parts: list[tuple[Expression, dict[str, tuple[Name, ...]]]]
    served: bool = False
    failed: list[str] = field(default_factory=list)


def mapped(rule: Rule, shape: Shape) -> Expression | CannotFire:
    """Return what events of the shape are asked for a rule, or why none can pass."""
    found = variants(rule, shape)
    if isinstance(found, CannotFire):
        return found
    return found[0].expression if len(found) == 1 else AnyOf(tuple(each.expression for each in found))


def event_fields(rule: Rule, shape: Shape, name: str) -> tuple[str, ...]:
    """Return what events of the shape call a field that the rule names, in order of preference."""
    asking = replace(rule, condition=All((rule.condition,)), listed_fields=(*rule.listed_fields, name))
    found = variants(asking, shape)
    several = () if isinstance(found, CannotFire) else found
    return tuple(dict.fromkeys(each for variant in several for each in variant.names.get(name, ())))


def variants(rule: Rule, shape: Shape) -> tuple[Variant, ...] | CannotFire:
    """Return a rule as each pipeline of the shape serves it, or why none does."""
    found, failed = [], []
    for pipeline in shape.sources:
        state = _through(rule, (pipeline, *shape.names))
        failed += state.failed
        if state.served and not state.failed:
            found.append(_variant(state))
    if not found and _is_bare(rule.source) and rule.source.product in shape.products:
        state = _through(rule, shape.names, shape.products[rule.source.product])
        failed += state.failed
        found += [] if state.failed else [_variant(state)]
    return tuple(found) if found else CannotFire(_reason(rule.source, failed))


def _is_bare(source: LogSource) -> bool:
    return not source.category and not source.service


def _reason(source: LogSource, failed: Sequence[str]) -> Message:
    if failed:
        return message("a pipeline says: {reason}", reason="; ".join(dict.fromkeys(failed)))
    named = "/".join(part or "*" for part in (source.product, source.category, source.service))
    return message("no pipeline serves the log source {source} (product/category/service)", source=named)


def _through(rule: Rule, pipelines: Sequence[Pipeline], *added: Expression) -> _State:
    state = _State(rule.source, [_part(rule.condition, *rule.listed_fields), *map(_part, added)])
    for pipeline in pipelines:
        for item in pipeline.content.transformations:
            if _applies(item, state):
                _apply(item, state)
        if pipeline.content.serves and not state.served:
            break
    return state


def _part(expression: Expression, *listed: str) -> tuple[Expression, dict[str, tuple[Name, ...]]]:
    return expression, {name: (Name(name),) for name in (*fields_of(expression), *listed)}


def _applies(item: Item, state: _State) -> bool:
    held = [_holds(condition, state) for condition in item.rule_conditions]
    if not held:
        return True
    return (all(held) if item.rule_cond_op == "and" else any(held)) is not item.rule_cond_not


def _holds(condition: RuleCondition, state: _State) -> bool:
    if isinstance(condition, OfLogSource):
        source = state.source
        wanted = ((condition.category, source.category), (condition.product, source.product))
        return all(one in (None, other) for one, other in (*wanted, (condition.service, source.service)))
    return any(name.text == condition.field for name in _names(state))


def _names(state: _State) -> Iterator[Name]:
    return (name for _, fields in state.parts for several in fields.values() for name in several)


def _apply(item: Item, state: _State) -> None:
    if isinstance(item, AddCondition):
        added = conditions(item.conditions)
        state.parts.append(_part(Not(added) if item.negated else added))
        state.served = True
    elif isinstance(item, ChangeLogSource):
        state.source = LogSource(item.category or "", item.product or "", item.service or "")
    elif isinstance(item, FailRule):
        state.failed.append(item.message)
    elif isinstance(item, FailField):
        state.failed += [item.message] if any(applies(item, name) for name in _names(state)) else []
    elif isinstance(item, FieldItem):
        for _, fields in state.parts:
            for key, several in fields.items():
                fields[key] = tuple(each for name in several for each in renamed(item, name))


def _variant(state: _State) -> Variant:
    names = [_texts(fields) for _, fields in state.parts]
    own, *added = [renamed_fields(part, each) for (part, _), each in zip(state.parts, names, strict=True)]
    return Variant(All((*added, own)), names[0])


def _texts(fields: Mapping[str, tuple[Name, ...]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(name.text for name in several) for key, several in fields.items()}
