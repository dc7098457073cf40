"""What a case file tests: the rule of its file that no correlation of the same file is made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sec_ops.detection.rule import Correlation, Rule
from sec_ops.detection.sigma.reading import RuleSet

__all__ = ["Subject", "by_id", "every", "helpers", "needed", "subjects"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A rule or correlation, with every rule and correlation it is made of, itself included."""

    rule: Rule | Correlation
    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]


def every(rules: RuleSet) -> tuple[Rule | Correlation, ...]:
    """Return the rules and correlations of a set."""
    return (*rules.rules, *rules.correlations)


def by_id(rules: RuleSet) -> Mapping[str, Rule | Correlation]:
    """Return the rules and correlations of a set by their ids."""
    return {each.header.id: each for each in every(rules)}


def subjects(rules: RuleSet) -> Iterator[Subject]:
    """Yield every rule and correlation but the helpers, in their order."""
    known, apart = by_id(rules), helpers(rules)
    for each in known.values():
        if each.header.id not in apart:
            yield needed(each, known)


def helpers(rules: RuleSet) -> frozenset[str]:
    """Return the ids of rules that a correlation of the same file is made of and that tell nothing by themselves."""
    known = by_id(rules)
    return frozenset(
        id_
        for each in rules.correlations
        if not each.generate
        for id_ in each.rules
        if id_ in known and _file(known[id_]) == _file(each)
    )


def needed(rule: Rule | Correlation, known: Mapping[str, Rule | Correlation]) -> Subject:
    """Return a rule with what it is made of."""
    found = {each.header.id: each for each in _parts(rule, known, set())}
    return Subject(
        rule=rule,
        rules=tuple(each for each in found.values() if isinstance(each, Rule)),
        correlations=tuple(each for each in found.values() if isinstance(each, Correlation)),
    )


def _parts(
    rule: Rule | Correlation, known: Mapping[str, Rule | Correlation], seen: set[str]
) -> Iterable[Rule | Correlation]:
    if rule.header.id in seen:
        return
    seen.add(rule.header.id)
    yield rule
    for id_ in rule.rules if isinstance(rule, Correlation) else ():
        if id_ in known:
            yield from _parts(known[id_], known, seen)


def _file(rule: Rule | Correlation) -> str:
    return rule.header.path.partition("#")[0]
