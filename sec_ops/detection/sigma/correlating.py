"""Correlations: pySigma's reading of them, as our own values; references to rules become ids."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sigma.correlations import (
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from sec_ops.detection.rule import Aggregate, Correlation, Header, Order, Together
from sec_ops.detection.sigma.alternatives import alternatives_of
from sec_ops.detection.sigma.documents import Definition
from sec_ops.detection.sigma.faults import RuleFault, all_of, combined, reading
from sec_ops.detection.sigma.heading import header_of
from sec_ops.detection.values import number_of
from sec_ops.model.messages import message

__all__ = ["correlation_of", "resolved"]

_KEYS: Final = frozenset(("type", "rules", "generate", "group-by", "timespan", "aliases", "condition"))
_WITHOUT_FIELD: Final = frozenset((Aggregate.EVENT_COUNT, Aggregate.TEMPORAL, Aggregate.TEMPORAL_ORDERED))
CONDITION_BOUND: Final = 4096
_PERCENT: Final = range(1, 100)


def correlation_of(definition: Definition, path: str) -> Correlation:
    """Return a correlation whose rules are still called as it calls them; raises RuleFault with all its faults."""
    header, body = all_of(lambda: header_of(definition, path), lambda: _body(definition.value))
    return _made(header, *body)


def resolved(correlation: Correlation, known: Callable[[str], str]) -> Correlation:
    """Return the correlation with ids in place of names; `known` gives the id of a name or raises RuleFault."""
    ids = all_of(*(lambda name=name: known(name) for name in correlation.rules))
    aliases = {
        alias: dict(zip(all_of(*(lambda name=name: known(name) for name in fields)), fields.values(), strict=True))
        for alias, fields in correlation.aliases.items()
    }
    known_ids = dict(zip(correlation.rules, ids, strict=True))
    alternatives = tuple(_with_ids(each, known_ids) for each in correlation.alternatives)
    return replace(correlation, rules=tuple(ids), aliases=aliases, alternatives=alternatives)


def _with_ids(each: Together, ids: Mapping[str, str]) -> Together:
    return Together(rules=tuple(ids[name] for name in each.rules), without=tuple(ids[name] for name in each.without))


def _body(value: Mapping[str, Any]) -> tuple[SigmaCorrelationRule, Mapping[str, Any]]:
    body = value["correlation"]
    if not isinstance(body, dict):
        raise RuleFault(message("the correlation is a map"))
    if len(str(body.get("condition"))) > CONDITION_BOUND:
        raise RuleFault(message("conditions of more than {bound} characters", bound=CONDITION_BOUND))
    faults = [message("the correlation has an unknown key {key}", key=str(key)) for key in body if key not in _KEYS]
    try:
        with reading():
            # Its heading was read already, and its faults are told once.
            read = SigmaCorrelationRule.from_dict({"title": "correlation", "correlation": body})
    except RuleFault as fault:
        faults.append(fault.reason)
    if faults:
        raise RuleFault(combined(faults))
    return read, body


def _made(header: Header, read: SigmaCorrelationRule, body: Mapping[str, Any]) -> Correlation:
    aggregate = Aggregate(str(read.type))
    rules = _rules(read)
    order, threshold = _bound(read, body, rules)
    alternatives = _alternatives(read, rules)
    return Correlation(
        header=header,
        aggregate=aggregate,
        rules=rules,
        span_s=read.timespan.seconds,
        group_by=tuple(read.group_by or ()),
        aliases={_word(each.alias): _alias(each.mapping) for each in read.aliases},
        order=order,
        threshold=threshold,
        fields=_fields(aggregate, read),
        percentile=_percentile(aggregate, read),
        alternatives=alternatives,
        generate=read.generate,
    )


def _rules(read: SigmaCorrelationRule) -> tuple[str, ...]:
    if read.rules:
        return tuple(_word(each.reference) for each in read.rules)
    if isinstance(read.condition, SigmaExtendedCorrelationCondition):
        return tuple(read.condition.get_referenced_rules())
    raise RuleFault(message("the correlation names no rules"))


def _bound(read: SigmaCorrelationRule, body: Mapping[str, Any], rules: tuple[str, ...]) -> tuple[Order, int | float]:
    if isinstance(read.condition, SigmaExtendedCorrelationCondition):
        return Order.AT_LEAST, len(rules)
    if "condition" not in body:
        return Order.AT_LEAST, len(rules)
    operator = read.condition.op.name.lower()
    given = body["condition"][operator]
    number = number_of(given) if isinstance(given, str | int | float) else None
    if number is None:
        raise RuleFault(message("{key} is followed by a number", key=operator))
    return Order(operator), number


def _alternatives(read: SigmaCorrelationRule, rules: tuple[str, ...]) -> tuple[Together, ...]:
    """Return what a condition in words asks for, nothing when that is all of the rules."""
    if not isinstance(read.condition, SigmaExtendedCorrelationCondition):
        return ()
    found = alternatives_of(read.condition.parsed, rules)
    return () if found == (Together(rules=rules),) else found


def _fields(aggregate: Aggregate, read: SigmaCorrelationRule) -> tuple[str, ...]:
    given = read.condition.fieldref if isinstance(read.condition, SigmaCorrelationCondition) else None
    fields = tuple(map(_word, given if isinstance(given, list) else [given] if given is not None else []))
    if fields and aggregate in _WITHOUT_FIELD:
        raise RuleFault(message("{type} asks about no field", type=aggregate.value))
    if len(fields) > 1 and aggregate is not Aggregate.VALUE_COUNT:
        raise RuleFault(message("{type} asks about one field", type=aggregate.value))
    return fields


def _percentile(aggregate: Aggregate, read: SigmaCorrelationRule) -> int | None:
    given = read.condition.percentile if isinstance(read.condition, SigmaCorrelationCondition) else None
    if (given is not None) is not (aggregate is Aggregate.VALUE_PERCENTILE):
        raise RuleFault(message("percentile belongs to value_percentile, and value_percentile needs it"))
    if given is not None and given not in _PERCENT:
        raise RuleFault(message("a percentile is a number from 1 to 99"))
    return given


def _alias(mapping: Mapping[SigmaRuleReference, str]) -> Mapping[str, str]:
    return {_word(rule.reference): _word(field) for rule, field in mapping.items()}


def _word(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise RuleFault(message("{value} is no name of a rule or field", value=str(value)))
    return value
