"""Which of the rules are judged, and which of those alert by themselves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sec_ops.detection.rule import RANKS, Correlation, Level, Rule

__all__ = ["Chosen", "choose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The rules to judge, the correlations over them, and the ids of those whose hits are alerts."""

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    alerting: frozenset[str]


def choose(rules: Sequence[Rule], correlations: Sequence[Correlation], least: Level) -> Chosen:
    """Return the rules of at least a level, with what correlations of at least that level look at.

    A rule that a correlation looks at doesn't alert by itself, unless a correlation that looks at it says `generate`,
    or the rule itself how its alerts are told apart (`alert: by`); one below the level never does.
    """
    every = {each.header.id: each for each in correlations}
    wanted = [each for each in correlations if _is_at_least(each, least)]
    needed = _below(wanted, every)
    looked_at = {name for each in needed for name in each.rules}
    generated = {name for each in needed if each.generate for name in each.rules}
    judged = [rule for rule in rules if _is_at_least(rule, least) or rule.header.id in looked_at]
    headers = [*(each.header for each in judged), *(each.header for each in needed)]
    outspoken = {header.id for header in headers if header.alert_by}
    loud = {each.header.id for each in judged if _is_at_least(each, least)} | {each.header.id for each in wanted}
    alerting = loud - (looked_at - generated - outspoken)
    return Chosen(rules=tuple(judged), correlations=needed, alerting=frozenset(alerting))


def _is_at_least(rule: Rule | Correlation, least: Level) -> bool:
    return RANKS[rule.header.level] >= RANKS[least]


def _below(wanted: Iterable[Correlation], every: dict[str, Correlation]) -> tuple[Correlation, ...]:
    """Return the correlations and those that they look at, all the way down."""
    found: dict[str, Correlation] = {}
    waiting = list(wanted)
    while waiting:
        each = waiting.pop()
        if each.header.id not in found:
            found[each.header.id] = each
            waiting += [every[name] for name in each.rules if name in every]
    return tuple(each for name, each in every.items() if name in found)
