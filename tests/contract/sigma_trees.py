"""What pySigma read and what we read, as trees that can be compared."""

from collections.abc import Callable
from typing import Any, Final

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from sec_ops.detection.rule import (
    ANY_MANY,
    ANY_ONE,
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
    Reference,
    Regex,
    Selection,
    TimePart,
    Truth,
)

__all__ = ["Tree", "joined", "ours", "theirs"]

Tree = tuple[Any, ...]
_SIGNS: Final = {SpecialChars.WILDCARD_MULTI: ANY_MANY, SpecialChars.WILDCARD_SINGLE: ANY_ONE}


def joined(word: str, parts: list[Tree]) -> Tree:
    flat = [inner for part in parts for inner in (part[1:] if part[0] == word else (part,))]
    return flat[0] if len(flat) == 1 else (word, *flat)


def text(parts: list[Any], keyword: bool) -> Tree:
    whole = [ANY_MANY, *parts, ANY_MANY] if keyword and ANY_MANY not in (parts[:1] + parts[-1:]) else parts
    return tuple(part for at, part in enumerate(whole) if part is not ANY_MANY or whole[at - 1 : at] != [ANY_MANY])


def theirs(item: Any) -> Tree:
    if isinstance(item, ConditionAND | ConditionOR):
        return joined("all" if isinstance(item, ConditionAND) else "any", [theirs(arg) for arg in item.args])
    if isinstance(item, ConditionNOT):
        return ("not", theirs(item.args[0]))
    field = item.field if isinstance(item, ConditionFieldEqualsValueExpression) else ""
    return their_value(field, item.value)


def their_value(field: str, value: Any) -> Tree:
    if isinstance(value, SigmaExpansion):
        return joined("any", [their_value(field, each) for each in value.values])
    return (field, *their_operand(field, value))


def their_operand(field: str, value: Any) -> Tree:
    match value:
        case SigmaString():
            parts = [_SIGNS[part] if isinstance(part, SpecialChars) else part for part in value.s]
            return ("cased" if isinstance(value, SigmaCasedString) else "text", *text(parts, keyword=not field))
        case SigmaTimestampPart():
            return ("time", value.timestamp_part.name.lower(), value.number, "eq")
        case SigmaNumber():
            return ("number", value.number) if field else ("text", ANY_MANY, str(value.number), ANY_MANY)
        case SigmaRegularExpression():
            return ("re", str(value.regexp), "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags)))
        case SigmaCompareExpression():
            order = value.op.name.lower()
            if isinstance(value.number, SigmaTimestampPart):
                return ("time", value.number.timestamp_part.name.lower(), value.number.number, order)
            return (order, value.number.number)
        case SigmaFieldReference():
            return ("reference", value.field, value.starts_with, value.ends_with)
        case SigmaBool() | SigmaExists() | SigmaCIDRExpression():
            return (type(value).__name__, str(value) if isinstance(value, SigmaCIDRExpression) else bool(value))
    return (type(value).__name__,)


def ours(expression: Expression) -> Tree:
    match expression:
        case All(parts):
            return joined("all", [ours(part) for part in parts])
        case AnyOf(parts):
            return joined("any", [ours(part) for part in parts])
        case Not(part):
            return ("not", ours(part))
        case Selection(_name, part):
            return ours(part)
    return (expression.field, *our_operand(expression.operand))


def our_operand(operand: Operand) -> Tree:
    match operand:
        case Glob(parts, cased):
            return ("cased" if cased else "text", *parts)
        case Number(value):
            return ("number", value)
        case Regex(source, flags):
            return ("re", source, flags)
        case Compare(order, value):
            return (order.value, value)
        case TimePart(part, value, order):
            return ("time", part, value, order.value)
        case Reference(other, place):
            return ("reference", other, place in ("startswith", "contains"), place in ("endswith", "contains"))
    return _PLAIN[type(operand)](operand)


_PLAIN: Final[dict[type, Callable[[Any], Tree]]] = {
    Truth: lambda operand: ("SigmaBool", operand.value),
    Exists: lambda operand: ("SigmaExists", operand.wanted),
    Network: lambda operand: ("SigmaCIDRExpression", operand.cidr),
    Null: lambda _operand: ("SigmaNull",),
}
