"""What a test asks, in words."""

from collections.abc import Sequence

from sec_ops.detection.rule import (
    ANY_MANY,
    Compare,
    Exists,
    Glob,
    Network,
    Null,
    Number,
    Operand,
    Order,
    Reference,
    Regex,
    TimePart,
    Truth,
    Wildcard,
)
from sec_ops.detection.values import text_of
from sec_ops.model.messages import Message, message

__all__ = ["ORDERS", "SHOWN", "asked", "cut"]

SHOWN = 200
"""How many characters of a value or a pattern are shown."""
ORDERS = {
    Order.LESS: message("less than"),
    Order.AT_MOST: message("at most"),
    Order.GREATER: message("more than"),
    Order.AT_LEAST: message("at least"),
    Order.EQUAL: message("equal to"),
    Order.OTHER: message("other than"),
}
_PARTS = {
    "minute": message("minute"),
    "hour": message("hour"),
    "day": message("day of the month"),
    "week": message("week of the year"),
    "month": message("month"),
    "year": message("year"),
}


def asked(operand: Operand) -> Message:
    """Return what an operand asks of a value, to stand behind the field's name."""
    match operand:
        case Glob(parts, cased):
            text = _glob(parts)
            return message("{asked}, in exactly this case", asked=text) if cased else text
        case Regex(source, flags):
            return message("matches /{pattern}/{flags}", pattern=cut(source), flags=flags)
        case Network(cidr):
            return message("lies in {network}", network=cidr)
        case Null():
            return message("is missing or empty")
        case Exists(wanted):
            return message("is there") if wanted else message("is not there")
        case Reference(other, place):
            return _reference(other, place)
    return _compared(operand)


def _compared(operand: Number | Truth | Compare | TimePart) -> Message:
    match operand:
        case Number(value):
            return message("is the number {value}", value=text_of(value))
        case Truth(value):
            return message("is {value}", value=text_of(value))
        case Compare(order, value):
            return message("is {order} {value}", order=ORDERS[order], value=text_of(value))
        case TimePart(part, value, order):
            return message(
                "as a time, its {part} is {order} {value}", part=_PARTS[part], order=ORDERS[order], value=value
            )


def cut(text: str) -> str:
    """Return what is shown of a text."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _glob(parts: Sequence[str | Wildcard]) -> Message:
    match list(parts):
        case [] | [str()]:
            return message('is "{value}"', value=cut("".join(map(str, parts))))
        case [Wildcard.MANY, str(text), Wildcard.MANY]:
            return message('contains "{value}"', value=cut(text))
        case [str(text), Wildcard.MANY]:
            return message('begins with "{value}"', value=cut(text))
        case [Wildcard.MANY, str(text)]:
            return message('ends with "{value}"', value=cut(text))
        case [Wildcard.MANY]:
            return message("has any value")
    pattern = "".join(part if isinstance(part, str) else "*" if part is ANY_MANY else "?" for part in parts)
    return message('is like "{value}"', value=cut(pattern))


def _reference(other: str, place: str) -> Message:
    if place == "contains":
        return message("contains the value of {field}", field=cut(other))
    if place == "startswith":
        return message("begins with the value of {field}", field=cut(other))
    if place == "endswith":
        return message("ends with the value of {field}", field=cut(other))
    return message("is the value of {field}", field=cut(other))
