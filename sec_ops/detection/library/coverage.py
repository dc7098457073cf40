"""What the rules of a site can see of the events it has, and why others can't: no silent zeros.

A rule can fire when some data set that is kept passes the tests of its log source and has the fields that its other
tests need; whether a value ever passes is not asked. Exact for fields of data sets, and on the safe side otherwise: a
rule that is said not to fire can't.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC

from sec_ops.detection.library.loading import Listed
from sec_ops.detection.mapping.mapped import CannotFire, mapped
from sec_ops.detection.mapping.rewriting import fields_of, tests_of
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.naive import passes
from sec_ops.detection.rule import (
    KEYWORD,
    Aggregate,
    All,
    AnyOf,
    Correlation,
    Exists,
    Expression,
    Glob,
    Not,
    Null,
    Reference,
    Rule,
    Selection,
    Test,
)
from sec_ops.model.messages import Message, message

__all__ = ["DATASET", "Facts", "Sight", "Understood", "sights", "understood"]

DATASET = "event.dataset"
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a site has: the fields of each data set it keeps, and who should send a data set by the inventory."""

    fields: Mapping[str, frozenset[str]]
    expected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A rule, and the data sets it can fire on, or why it can't fire here."""

    listed: Listed
    datasets: tuple[str, ...] = ()
    reason: Message | None = None

    @property
    def sees(self) -> bool:
        """Tell whether the rule can fire here."""
        return self.reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """Rules as the stored events are asked them, by the rules' ids; `names` are all fields that any of them asks.

    `products` tells events of a product (`windows`).
    """

    mapped: Mapping[str, Expression | CannotFire]
    names: frozenset[str]
    products: Mapping[str, Expression]


def understood(listed: Iterable[Listed], shape: Shape) -> Understood:
    """Return the rules as events of the stored shape are asked them."""
    known = {each.rule.header.id: mapped(each.rule, shape) for each in listed if isinstance(each.rule, Rule)}
    names = {name for each in known.values() if not isinstance(each, CannotFire) for name in fields_of(each)}
    return Understood(mapped=known, names=frozenset(names), products=shape.products)


def sights(listed: Sequence[Listed], known: Understood, facts: Facts) -> tuple[Sight, ...]:
    """Return what each rule can see, in their order."""
    found: dict[str, Sight] = {}
    waiting = list(listed)
    while waiting:
        ready = [each for each in waiting if _is_ready(each, found, waiting)] or waiting
        for each in ready:
            found[each.rule.header.id] = _sight(each, known, facts, found)
        waiting = [each for each in waiting if each not in ready]
    return tuple(found[each.rule.header.id] for each in listed)


def _is_ready(each: Listed, found: Mapping[str, Sight], waiting: Sequence[Listed]) -> bool:
    """Tell whether what a correlation counts was looked at; one in a circle is taken when nothing else is left."""
    if isinstance(each.rule, Rule):
        return True
    open_ids = {other.rule.header.id for other in waiting}
    return all(name in found or name not in open_ids for name in each.rule.rules)


def _sight(each: Listed, known: Understood, facts: Facts, found: Mapping[str, Sight]) -> Sight:
    if not each.enabled:
        return Sight(listed=each, reason=message("switched off here: {reason}", reason=each.reason))
    if isinstance(each.rule, Correlation):
        return _correlation(each, each.rule, found)
    expression = known.mapped[each.rule.header.id]
    if isinstance(expression, CannotFire):
        return Sight(listed=each, reason=expression.reason)
    admitted = [dataset for dataset in facts.fields if _may(_only_dataset(expression), dataset, frozenset())]
    datasets = tuple(dataset for dataset in admitted if _may(expression, dataset, facts.fields[dataset]))
    if datasets:
        return Sight(listed=each, datasets=datasets)
    product = known.products.get(each.rule.source.product)
    if not admitted or (product and not any(_may(product, dataset, frozenset()) for dataset in admitted)):
        return Sight(listed=each, reason=_absent(expression if not admitted else product or expression, facts))
    return Sight(listed=each, reason=_fieldless(expression, admitted, facts))


def _correlation(each: Listed, rule: Correlation, found: Mapping[str, Sight]) -> Sight:
    blind = [name for name in rule.rules if name not in found or not found[name].sees]
    if blind and all(not set(blind).isdisjoint(way) for way in _ways(rule)):
        names = [found[one].listed.rule.header.name or one if one in found else one for one in blind]
        return Sight(listed=each, reason=message("what it counts can't fire here: {rules}", rules=_several(names)))
    datasets = dict.fromkeys(name for one in rule.rules if one in found for name in found[one].datasets)
    return Sight(listed=each, datasets=tuple(datasets))


def _ways(rule: Correlation) -> Sequence[Sequence[str]]:
    """Return the groups of rules of which one whole group has to find something."""
    if rule.alternatives:
        return [each.rules for each in rule.alternatives]
    together = rule.aggregate in (Aggregate.TEMPORAL, Aggregate.TEMPORAL_ORDERED)
    return [rule.rules] if together else [(name,) for name in rule.rules]


def _absent(expression: Expression, facts: Facts) -> Message:
    wanted = _datasets_of(expression)
    senders = [name for dataset in wanted for name in facts.expected.get(dataset, ())]
    if not wanted:
        return message("there are no events")
    if senders:
        return message(
            "none of its data sets ({datasets}) ever came, though {senders} should send them",
            datasets=_several(wanted),
            senders=_several(senders),
        )
    return message(
        "none of its data sets ({datasets}) ever came, and the inventory names nobody who sends them",
        datasets=_several(wanted),
    )


def _fieldless(expression: Expression, admitted: Sequence[str], facts: Facts) -> Message:
    seen = frozenset[str]().union(*(facts.fields[dataset] for dataset in admitted))
    missing = [name for name in fields_of(expression) if name not in seen and name != DATASET]
    return message(
        "no event of {datasets} ever had the fields it needs; never seen: {fields}",
        datasets=_several(admitted),
        fields=_several(missing or fields_of(expression)),
    )


def _several(names: Sequence[str]) -> str:
    shown = ", ".join(dict.fromkeys(names[:_SHOWN]))
    return f"{shown}, …" if len(names) > _SHOWN else shown


def _datasets_of(expression: Expression) -> list[str]:
    """Return the data sets that the rule's log source names, in the spelling of the rule or its pipeline."""
    asked = (test.operand for test in tests_of(expression) if test.field == DATASET)
    globs = (
        "".join(each if isinstance(each, str) else each.value for each in one.parts)
        for one in asked
        if isinstance(one, Glob)
    )
    return list(dict.fromkeys(globs))


def _only_dataset(expression: Expression) -> Expression:
    """Return what is left of an expression when every other field may hold anything."""
    match expression:
        case Test(name):
            return expression if name == DATASET else _ANYTHING
        case All(parts):
            return All(tuple(_only_dataset(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_only_dataset(part) for part in parts))
        case Selection(_, part):
            return _only_dataset(part)
        case Not(part):
            return expression if all(test.field == DATASET for test in tests_of(part)) else _ANYTHING


_ANYTHING = Test(KEYWORD, Glob(()))


def _may(expression: Expression, dataset: str, fields: frozenset[str]) -> bool:
    """Tell whether some event of the data set, with some of the fields, can pass."""
    return _span(expression, dataset, fields)[0]


def _span(expression: Expression, dataset: str, fields: frozenset[str]) -> tuple[bool, bool]:
    """Return whether some event passes, and whether every event does."""
    match expression:
        case Test():
            return _test(expression, dataset, fields)
        case All(parts):
            spans = [_span(part, dataset, fields) for part in parts]
            return all(some for some, _ in spans), all(every for _, every in spans)
        case AnyOf(parts):
            spans = [_span(part, dataset, fields) for part in parts]
            return any(some for some, _ in spans), any(every for _, every in spans)
        case Selection(_, part):
            return _span(part, dataset, fields)
        case Not(part):
            some, every = _span(part, dataset, fields)
            return not every, not some


def _test(test: Test, dataset: str, fields: frozenset[str]) -> tuple[bool, bool]:
    operand = test.operand
    if test.field == DATASET and isinstance(operand, Glob):
        held = bool(passes(operand, dataset, UTC))
        return held, held
    there = test.field in (KEYWORD, DATASET) or test.field in fields
    match operand:
        case Null():
            return True, not there
        case Exists(wanted):
            return (there, False) if wanted else (True, not there)
        case Reference(other):
            return there and other in fields, False
    return there, False
