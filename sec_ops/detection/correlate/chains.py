"""Which correlation feeds which."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sec_ops.detection.rule import Correlation

__all__ = ["feeders", "in_feeding_order"]


def in_feeding_order(correlations: Iterable[Correlation]) -> Sequence[Correlation]:
    """Return the correlations, each after those it looks at; those of a circle and what looks at them are left out."""
    left = {each.header.id: each for each in correlations}
    while left:
        graph = {name: [rule for rule in each.rules if rule in left] for name, each in sorted(left.items())}
        try:
            return [left[name] for name in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            for name in error.args[1]:
                left.pop(name, None)
    return ()


def feeders(correlations: Sequence[Correlation]) -> Mapping[str, Sequence[str]]:
    """Return the ids of the correlations that look at a rule or correlation, by its id."""
    fed: dict[str, dict[str, None]] = {}
    for each in correlations:
        for rule in each.rules:
            fed.setdefault(rule, {})[each.header.id] = None
    return {rule: tuple(names) for rule, names in fed.items()}
