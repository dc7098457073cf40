"""What a chain of pipelines does to rules of one log source: worked out once, for it depends on nothing else."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sec_ops.detection.mapping.conditions import conditions
from sec_ops.detection.mapping.naming import Name, applies, renamed
from sec_ops.detection.mapping.rewriting import fields_of, mapped_texts, renamed_fields
from sec_ops.detection.mapping.shape import Pipeline
from sec_ops.detection.rule import Expression, LogSource, Not
from sec_ops.model.folding import fold
from sec_ops.model.sigma_pipeline import (
    AddCondition,
    ChangeLogSource,
    FailField,
    FailRule,
    FieldItem,
    Item,
    MapStrings,
    RuleCondition,
)

__all__ = ["Steps", "steps"]


class Steps:
    """The items of a chain that apply to rules of a log source, in their order.

    `served` says whether one of them adds conditions; `added` are those, over the events' own names; `failed` are the
    reasons of items that refuse such rules.
    """

    __slots__ = ("_items", "_known", "added", "failed", "renames", "served")

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._known: dict[tuple[str, int], _Walked] = {}
        self.renames = any(isinstance(item, FieldItem) for item in items)
        self.served = any(isinstance(item, AddCondition) for item in items)
        self.failed = tuple(item.message for item in items if isinstance(item, FailRule))
        self.added = tuple(self._added(at, item) for at, item in enumerate(items) if isinstance(item, AddCondition))

    def names(self, field: str, start: int = 0) -> tuple[str, ...]:
        """Return what a field is called after all items, or after those from `start` on."""
        return self._walked(field, start).names

    def refusals(self, fields: Iterable[str]) -> tuple[str, ...]:
        """Return why rules that test these fields are refused."""
        return tuple(reason for field in fields for reason in self._walked(field, 0).refused)

    def rewritten(self, expression: Expression, start: int = 0) -> Expression:
        """Return an expression over the events' own names."""
        if not self.renames:
            return expression
        fields = fields_of(expression)
        texts = {field: found for field in fields if (found := self._walked(field, start).texts)}
        return renamed_fields(
            mapped_texts(expression, texts) if texts else expression,
            {field: self.names(field, start) for field in fields},
        )

    def _added(self, at: int, item: AddCondition) -> Expression:
        whole = self.rewritten(conditions(item.conditions), at + 1)
        return Not(whole) if item.negated else whole

    def _walked(self, field: str, start: int) -> "_Walked":
        known = self._known.get((field, start))
        if known is None:
            known = self._known[field, start] = _walk(self._items[start:], field)
        return known


@dataclass(frozen=True, slots=True)
class _Walked:
    """What becomes of a field: its names, why rules that test it are refused, and which texts stand for others."""

    names: tuple[str, ...]
    refused: tuple[str, ...]
    texts: Mapping[str, tuple[str, ...]]


def _walk(items: Sequence[Item], field: str) -> _Walked:
    names: tuple[Name, ...] = (Name(field),)
    refused: list[str] = []
    texts: dict[str, tuple[str, ...]] = {}
    for item in items:
        if isinstance(item, FieldItem) and not any(applies(item, name) for name in names):
            continue
        if isinstance(item, FailField):
            refused.append(item.message)
        elif isinstance(item, MapStrings):
            texts = _mapped_again(texts, item)
        elif isinstance(item, FieldItem):
            names = tuple(each for name in names for each in renamed(item, name))
    return _Walked(tuple(name.text for name in names), tuple(refused), texts)


def _mapped_again(texts: Mapping[str, tuple[str, ...]], item: MapStrings) -> dict[str, tuple[str, ...]]:
    """Return which texts stand for others once an item has mapped those that an earlier one put there, too."""
    mapping = {
        fold(text): (others,) if isinstance(others, str) else tuple(others) for text, others in item.mapping.items()
    }
    earlier = {
        text: tuple(each for other in others for each in mapping.get(fold(other), (other,)))
        for text, others in texts.items()
    }
    return {**mapping, **earlier}


@lru_cache(maxsize=8192)
def steps(chain: tuple[Pipeline, ...], source: LogSource) -> Steps:
    """Return what a chain does to rules of a log source."""
    found: list[Item] = []
    for pipeline in chain:
        for item in pipeline.content.transformations:
            if _applies(item, source):
                found.append(item)
                source = _changed(item, source)
    return Steps(found)


def _changed(item: Item, source: LogSource) -> LogSource:
    if not isinstance(item, ChangeLogSource):
        return source
    return LogSource(item.category or "", item.product or "", item.service or "")


def _applies(item: Item, source: LogSource) -> bool:
    held = [_holds(condition, source) for condition in item.rule_conditions]
    if not held:
        return True
    together: Callable[[Iterable[bool]], bool] = all if item.rule_cond_op == "and" else any
    return together(held) is not item.rule_cond_not


def _holds(condition: RuleCondition, source: LogSource) -> bool:
    wanted = ((condition.category, source.category), (condition.product, source.product))
    return all(one in (None, other) for one, other in (*wanted, (condition.service, source.service)))
