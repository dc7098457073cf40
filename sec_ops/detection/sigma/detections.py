"""The named selections of a rule or filter and its conditions, as expressions."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from pyparsing import Keyword, Word, alphanums, infix_notation, opAssoc
from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
)

from sec_ops.detection.rule import ANY_MANY, All, AnyOf, Expression, Not, Selection
from sec_ops.detection.sigma.faults import RuleFault, all_of, reading
from sec_ops.detection.sigma.modifying import modified
from sec_ops.detection.sigma.operands import linked, tests_of
from sec_ops.detection.sigma.reading import Placeholders
from sec_ops.detection.values import like
from sec_ops.model.messages import message

__all__ = ["condition_of"]

_CONDITIONS_BOUND: Final = 16_384
"""Characters of all conditions of a rule."""
_NO_SELECTIONS: Final = ("condition", "timeframe", "rules")
"""What stands beside the selections: `timeframe` of the aggregations that Sigma had, `rules` of a filter."""


def condition_of(detection: object, placeholders: Placeholders) -> Expression:
    """Return a `detection` (or `filter`) map as an expression: any of its conditions; raises RuleFault."""
    if not isinstance(detection, dict):
        raise RuleFault(message("the detection is a map of selections and a condition"))
    names = [name for name in detection if name not in _NO_SELECTIONS]
    parts, conditions = all_of(
        lambda: all_of(*(partial(_named, str(name), detection[name], placeholders) for name in names)),
        lambda: all_of(*(partial(_parsed, text) for text in _conditions(detection.get("condition")))),
    )
    named = dict(zip(map(str, names), parts, strict=True))
    return linked(all_of(*(partial(_expressed, item, named) for item in conditions)), AnyOf)


def _named(name: str, definition: object, placeholders: Placeholders) -> Selection:
    try:
        with reading():
            return Selection(name, _defined(definition, placeholders))
    except RuleFault as fault:
        raise RuleFault(message("{place}: {reason}", place=name, reason=fault.reason)) from fault


def _conditions(given: object) -> Sequence[str]:
    texts: list[Any] = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise RuleFault(message("a rule has a condition, or a list of them, in words"))
    if sum(map(len, texts)) > _CONDITIONS_BOUND:
        raise RuleFault(message("conditions of more than {bound} characters", bound=_CONDITIONS_BOUND))
    return texts


def _defined(definition: Any, placeholders: Placeholders) -> Expression:  # noqa: ANN401 - whatever a rule holds
    if isinstance(definition, dict):
        if not definition:
            raise RuleFault(message("an empty selection"))
        return linked(all_of(*(partial(_item, key, value, placeholders) for key, value in definition.items())), All)
    if isinstance(definition, list) and any(isinstance(each, dict | list) for each in definition):
        return linked(all_of(*(partial(_defined, each, placeholders) for each in definition)), AnyOf)
    return tests_of(modified("", (), definition, placeholders))


def _item(key: object, value: object, placeholders: Placeholders) -> Expression:
    if key is not None and not isinstance(key, str):
        raise RuleFault(message("the field name {name} is no text: put it in quotation marks", name=str(key)))
    field, *names = (key or "").split("|")
    try:
        with reading():
            return tests_of(modified(field, names, value, placeholders))
    except RuleFault as fault:
        raise RuleFault(message("{place}: {reason}", place=key or "", reason=fault.reason)) from fault


def _grammar() -> Any:  # noqa: ANN401 - pyparsing's
    """Return the grammar of conditions: pySigma's, but a selection's name may begin with `not`, `and` and `or`."""
    letters = alphanums + "_-"
    identifier = Word(letters).set_parse_action(ConditionIdentifier.from_parsed)
    quantifier = Keyword("1", letters) | Keyword("any", letters) | Keyword("all", letters)
    selector = (quantifier + Keyword("of", letters) + Word(letters + "*")).set_parse_action(
        ConditionSelector.from_parsed
    )
    return infix_notation(  # type: ignore[no-untyped-call]
        selector | identifier,
        [
            (Keyword("not", letters), 1, opAssoc.RIGHT, ConditionNOT.from_parsed),
            (Keyword("and", letters), 2, opAssoc.LEFT, ConditionAND.from_parsed),
            (Keyword("or", letters), 2, opAssoc.LEFT, ConditionOR.from_parsed),
        ],
    )


_CONDITION: Final = _grammar()


def _parsed(text: str) -> ConditionItem:
    if "|" in text:
        what = message("aggregations after | are no part of Sigma any more; write a correlation")
        raise RuleFault(what)
    return cast("ConditionItem", _CONDITION.parse_string(text, parse_all=True)[0])


def _expressed(item: object, named: Mapping[str, Expression]) -> Expression:
    match item:
        case ConditionIdentifier():
            return _selection(item.identifier, named)
        case ConditionSelector():
            return _selected(item, named)
        case ConditionNOT():
            return Not(_expressed(item.args[0], named))
        case ConditionAND():
            return All(tuple(_expressed(arg, named) for arg in item.args))
        case ConditionOR():
            return AnyOf(tuple(_expressed(arg, named) for arg in item.args))
    raise RuleFault(message("the condition can't be read: {reason}", reason=str(item)))


def _selection(name: str, named: Mapping[str, Expression]) -> Expression:
    if name not in named:
        raise RuleFault(message("there is no selection {name}", name=name))
    return named[name]


def _selected(item: ConditionSelector, named: Mapping[str, Expression]) -> Expression:
    """Return the selections a pattern names; those that begin with `_` only when the pattern does."""
    pattern = "*" if item.pattern == "them" else item.pattern
    pieces = [part for piece in pattern.split("*") for part in (ANY_MANY, piece)][1:]
    parts = [
        part
        for name, part in named.items()
        if like(pieces, name) and (pattern.startswith("_") or not name.startswith("_"))
    ]
    if not parts:
        raise RuleFault(message("there is no selection {name}", name=item.pattern))
    return linked(parts, All if item.cond_class is ConditionAND else AnyOf)
