"""Texts of Sigma in, rules out: what could be read, and what could not with its reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.detection.rule import Correlation, Rule
from sec_ops.model.messages import Message

__all__ = ["Placeholders", "Refused", "RuleSet", "RuleText", "read_rules"]

Placeholders = Mapping[str, Sequence[str | int]]
"""What each `%name%` stands for; texts may hold Sigma's wildcards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """A file of rules, correlations or filters: where it lies, its bytes, and the layer it comes from.

    Filters of the layer `imported` are refused: whoever publishes rules could silence any of them.
    """

    path: str
    data: bytes
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule, correlation or filter that is not used, and why; `id` and `title` as far as they could be read."""

    path: str
    id: str
    title: str
    reason: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """What the texts hold, in their order; the filters are part of the rules they are for."""

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    refused: tuple[Refused, ...]


def read_rules(texts: Iterable[RuleText], placeholders: Placeholders) -> RuleSet:
    """Return all rules of the texts and all faults; raises nothing, whatever the texts are."""
    from sec_ops.detection.sigma.collecting import collected

    return collected(texts, placeholders)
