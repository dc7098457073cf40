"""Names on their way through a pipeline's items: what each field is called after each, and which items changed it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from sec_ops.model.sigma_pipeline import (
    AddPrefix,
    AddSuffix,
    ExcludeFields,
    FieldCondition,
    FieldItem,
    FieldProcessed,
    IncludeFields,
    MapFields,
    MapPrefixes,
)

__all__ = ["Name", "applies", "renamed"]


@dataclass(frozen=True, slots=True)
class Name:
    """What a field is called, and the ids of the items that changed it."""

    text: str
    changed_by: frozenset[str] = frozenset()


def applies(item: FieldItem, name: Name) -> bool:
    """Tell whether an item's conditions of fields hold for a field."""
    held = [_holds(condition, name) for condition in item.field_name_conditions]
    if not held:
        return True
    return (all(held) if item.field_name_cond_op == "and" else any(held)) is not item.field_name_cond_not


def renamed(item: FieldItem, name: Name) -> tuple[Name, ...]:
    """Return what the field is called after the item, one name or several."""
    texts = _texts(item, name.text)
    if texts is None or not applies(item, name):
        return (name,)
    changed_by = name.changed_by | {item.id} if item.id else name.changed_by
    return tuple(Name(text, changed_by) for text in texts)


def _texts(item: FieldItem, text: str) -> tuple[str, ...] | None:
    if isinstance(item, MapFields):
        return _several(item.mapping.get(text))
    if isinstance(item, MapPrefixes):
        return _by_prefix(item.mapping, text)
    if isinstance(item, AddPrefix):
        return (item.prefix + text,)
    return (text + item.suffix,) if isinstance(item, AddSuffix) else None


def _by_prefix(mapping: Mapping[str, str | list[str]], text: str) -> tuple[str, ...] | None:
    for prefix, others in mapping.items():
        if text.startswith(prefix):
            return tuple(other + text[len(prefix) :] for other in _several(others) or ())
    return None


def _several(names: str | list[str] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    return (names,) if isinstance(names, str) else tuple(names)


def _holds(condition: FieldCondition, name: Name) -> bool:
    if isinstance(condition, FieldProcessed):
        return condition.processing_item_id in name.changed_by
    return _listed(condition, name.text) is isinstance(condition, IncludeFields)


def _listed(condition: IncludeFields | ExcludeFields, text: str) -> bool:
    if condition.mode == "plain":
        return text in condition.fields
    return any(_pattern(pattern).match(text) for pattern in condition.fields)


@lru_cache(maxsize=256)
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source)
