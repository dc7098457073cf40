"""What a site can and cannot see: its rules, the fields of the events it keeps, and the logs its inventory expects."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from sec_ops.content.kinds import PARSERS
from sec_ops.content.library import Library
from sec_ops.detection.library.coverage import DATASET, Facts, Sight, sights, understood
from sec_ops.detection.library.loading import RuleLibrary
from sec_ops.detection.mapping.shape import STORED_SHAPE, load_shapes
from sec_ops.inventory.log_sources import Expected

__all__ = ["coverage"]


class _Store(Protocol):
    def fields(self, names: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return, by dataset that is kept, which of these fields its events have, or had once."""
        ...


def coverage(content: Library, rules: RuleLibrary, store: _Store, expected: Iterable[Expected]) -> tuple[Sight, ...]:
    """Return what each of the site's rules can see of the events in its store, or why it can't fire here."""
    (shape,) = [each for each in load_shapes(content) if each.id == STORED_SHAPE]
    known = understood(rules.listed, shape)
    facts = Facts(fields=store.fields(known.names | {DATASET}), expected=_senders(content, expected))
    return sights(rules.listed, known, facts)


def _senders(content: Library, expected: Iterable[Expected]) -> Mapping[str, tuple[str, ...]]:
    """Return who should send each data set, as far as the inventory says the data set or the parser."""
    parsers = content.objects(PARSERS)
    found: dict[str, list[str]] = {}
    for each in expected:
        parser = parsers.get(each.source.parser or "")
        dataset = each.source.dataset or (parser.value.dataset if parser else "")
        if dataset:
            found.setdefault(dataset, []).append(each.name)
    return {dataset: tuple(names) for dataset, names in found.items()}
