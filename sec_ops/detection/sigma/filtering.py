"""Sigma's filters: exceptions that stand beside the rules they are for, and become part of their conditions."""

from dataclasses import dataclass, replace
from typing import Any

from sigma.rule import SigmaLogSource

from sec_ops.detection.rule import All, Expression, LogSource, Rule, Selection
from sec_ops.detection.sigma.detections import condition_of
from sec_ops.detection.sigma.documents import Definition
from sec_ops.detection.sigma.faults import RuleFault, all_of
from sec_ops.detection.sigma.heading import header_of
from sec_ops.detection.sigma.reading import Placeholders
from sec_ops.model.messages import message

__all__ = ["Filter", "filter_of", "filtered", "source_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What must hold as well for some rules: those of a log source that are named, or all of them (`rules` empty)."""

    title: str
    source: LogSource
    rules: frozenset[str]
    condition: Expression


def filter_of(definition: Definition, path: str, placeholders: Placeholders) -> Filter:
    """Return a filter; raises RuleFault with all its faults."""
    value = definition.value
    header, source, rules, condition = all_of(
        lambda: header_of(definition, path),
        lambda: source_of(value),
        lambda: _rules(value["filter"]),
        lambda: condition_of(value["filter"], placeholders),
    )
    return Filter(title=header.title["en"], source=source, rules=rules, condition=condition)


def filtered(rule: Rule, filters: list[Filter]) -> Rule:
    """Return the rule with the filters that are for it."""
    wanted = [each for each in filters if _is_for(each, rule)]
    if not wanted:
        return rule
    parts = (rule.condition, *(Selection(each.title, each.condition) for each in wanted))
    return replace(rule, condition=All(parts))


def source_of(value: dict[str, Any]) -> LogSource:
    """Return the log source of a rule or filter; raises what pySigma raises and RuleFault."""
    given = value.get("logsource")
    if not isinstance(given, dict):
        raise RuleFault(message("the log source is a map"))
    read = SigmaLogSource.from_dict(given)
    return LogSource(category=read.category or "", product=read.product or "", service=read.service or "")


def _rules(given: dict[str, Any]) -> frozenset[str]:
    named = given.get("rules") if isinstance(given, dict) else None
    if isinstance(named, str):
        return frozenset() if named.lower() == "any" else frozenset((named.lower(),))
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise RuleFault(message("a filter has “rules”: any, or a list of ids or names of rules"))
    return frozenset(name.lower() for name in named)


def _is_for(each: Filter, rule: Rule) -> bool:
    pairs = (
        (each.source.category, rule.source.category),
        (each.source.product, rule.source.product),
        (each.source.service, rule.source.service),
    )
    if not all(wanted in ("", given) for wanted, given in pairs):
        return False
    return not each.rules or not each.rules.isdisjoint((rule.header.id, rule.header.name.lower()))
