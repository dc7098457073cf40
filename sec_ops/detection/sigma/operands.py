"""Modified values of pySigma in, tests of one field out."""

from collections.abc import Sequence
from typing import Final

from sigma.conditions import ConditionAND
from sigma.modifiers import SigmaEndswithModifier, SigmaStartswithModifier
from sigma.rule.detection import SigmaDetectionItem
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from sec_ops.detection.rule import (
    ANY_MANY,
    ANY_ONE,
    KEYWORD,
    All,
    AnyOf,
    Compare,
    Exists,
    Expression,
    Glob,
    Network,
    Not,
    Null,
    Number,
    Operand,
    Order,
    Reference,
    Regex,
    Test,
    TimePart,
    Truth,
    Wildcard,
)
from sec_ops.detection.searching import SearchError, search_of
from sec_ops.detection.sigma.faults import RuleFault
from sec_ops.detection.sigma.modifying import Encoded
from sec_ops.detection.values import text_of
from sec_ops.model.messages import message

__all__ = ["linked", "tests_of"]

_ORDERS: Final = {
    CompareOperators.LT: Order.LESS,
    CompareOperators.LTE: Order.AT_MOST,
    CompareOperators.GT: Order.GREATER,
    CompareOperators.GTE: Order.AT_LEAST,
    CompareOperators.NEQ: Order.OTHER,
}
_PLACES: Final = {
    (False, False): "equals",
    (True, False): "startswith",
    (False, True): "endswith",
    (True, True): "contains",
}
_WILDCARDS: Final = {SpecialChars.WILDCARD_MULTI: ANY_MANY, SpecialChars.WILDCARD_SINGLE: ANY_ONE}
_RANGES: Final = {
    "minute": range(60),
    "hour": range(24),
    "day": range(1, 32),
    "week": range(1, 54),
    "month": range(1, 13),
    "year": range(1, 10_000),
}


def tests_of(item: SigmaDetectionItem) -> Expression:
    """Return what an item asks of its field; raises RuleFault."""
    field = item.field or KEYWORD
    tests = [_asked(field, value, item.modifiers) for value in item.value]
    if not tests and field == KEYWORD:
        raise RuleFault(message("a list of keywords without any"))
    joined = linked(tests, All if item.value_linking is ConditionAND else AnyOf) if tests else Test(field, Null())
    return Not(joined) if item.negated else joined


def linked(parts: Sequence[Expression], link: type[All] | type[AnyOf]) -> Expression:
    """Return the parts as one expression: one alone as it is."""
    return parts[0] if len(parts) == 1 else link(tuple(parts))


def _asked(field: str, value: SigmaType, modifiers: Sequence[type]) -> Expression:
    if isinstance(value, SigmaExpansion):
        return linked([_asked(field, each, modifiers) for each in value.values], AnyOf)
    if field == KEYWORD:
        return Test(field, _keyword(value, modifiers))
    return Test(field, _operand(value, modifiers))


def _keyword(value: SigmaType, modifiers: Sequence[type]) -> Operand:
    """Return what any value of an event is asked; plain text is found anywhere in it."""
    operand = _operand(value, modifiers)
    match operand:
        case Null() | Exists() | Reference():
            raise RuleFault(message("null, exists and fieldref ask about a field, and there is none"))
        case Number(wanted) | Truth(wanted):
            return Glob((ANY_MANY, text_of(wanted), ANY_MANY))
        case Glob(parts, cased) if not {SigmaStartswithModifier, SigmaEndswithModifier}.intersection(modifiers):
            return Glob(_globbed([ANY_MANY, *parts, ANY_MANY]), cased)
    return operand


def _operand(value: SigmaType, modifiers: Sequence[type]) -> Operand:
    match value:
        case SigmaString():
            return Glob(_parts(value), isinstance(value, SigmaCasedString))
        case SigmaTimestampPart():
            return _time_part(value, Order.EQUAL)
        case SigmaNumber():
            return Number(value.number)
        case SigmaRegularExpression():
            return _expression(value, modifiers)
        case SigmaCompareExpression():
            return _comparison(value)
    return _plain(value)


def _plain(value: SigmaType) -> Operand:
    match value:
        case SigmaBool():
            return Truth(value.boolean)
        case SigmaNull():
            return Null()
        case SigmaExists():
            return Exists(value.exists)
        case SigmaCIDRExpression():
            return Network(str(value.network))
        case SigmaFieldReference():
            return Reference(value.field, _PLACES[value.starts_with, value.ends_with])
    raise RuleFault(message("a value of the kind {kind} is not known here", kind=type(value).__name__))


def _parts(text: SigmaString) -> tuple[str | Wildcard, ...]:
    parts = [_part(part, encoded=isinstance(text, Encoded)) for part in text.s]
    return _globbed(parts)


def _part(part: object, *, encoded: bool) -> str | Wildcard:
    if isinstance(part, SpecialChars):
        return _WILDCARDS[part]
    if not encoded:
        return str(part)
    text = str(part)
    if 2 * len(text.replace("\0", "")) != len(text) or not text.isascii():
        raise RuleFault(message("these bytes are no text: encode them in base64 as well"))
    return text


def _globbed(parts: Sequence[str | Wildcard]) -> tuple[str | Wildcard, ...]:
    """Join neighbouring literals and neighbouring wildcards for many characters."""
    joined: list[str | Wildcard] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        elif part != "" and not (part is ANY_MANY and last is ANY_MANY):
            joined.append(part)
    return tuple(joined)


def _time_part(value: SigmaTimestampPart, order: Order) -> TimePart:
    part, number = value.timestamp_part.name.lower(), int(value.number)
    if order is Order.EQUAL and number not in _RANGES[part]:
        raise RuleFault(message("no {part} is ever {number}", part=part, number=number))
    return TimePart(part, number, order)


def _comparison(value: SigmaCompareExpression) -> Operand:
    order = _ORDERS[value.op]
    if isinstance(value.number, SigmaTimestampPart):
        return _time_part(value.number, order)
    return Compare(order, value.number.number)


def _expression(value: SigmaRegularExpression, modifiers: Sequence[type]) -> Regex:
    source = str(value.regexp)
    if SigmaStartswithModifier in modifiers:
        source = rf"\A(?:{source})"
    if SigmaEndswithModifier in modifiers:
        source = rf"(?:{source})\z"
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    wanted = Regex(source, flags)
    try:
        search_of(wanted)
    except SearchError as error:
        raise RuleFault(message("the regular expression can't be searched for: {reason}", reason=str(error))) from error
    return wanted
