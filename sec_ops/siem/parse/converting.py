"""Conversions of extracted values, chosen once for a shape: by the field's type, a named conversion, or a table."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sec_ops.model.log_parser import Mapped
from sec_ops.siem.events import MISFIT, Event, FieldType
from sec_ops.siem.parse.conform import ABSENT, CONVERTERS, UNFIT, Conversion, conform, written

__all__ = ["KEYWORD", "Remembering", "Room", "add_list", "conversion", "mapped", "remembering"]

Remembering = tuple[Callable[[Any], Any], Callable[[Any, Event], Any]]
KEYWORD: Final = conform(FieldType.KEYWORD)
_ALL_TEXTS: Final = {str}
_VALUES_BOUND: Final = 2_048
_ALL_VALUES_BOUND: Final = 65_536
_VALUE_LENGTH_BOUND: Final = 512


class Room:
    """What all conversions of a parser together may remember: values in ever new fields can't fill the memory."""

    __slots__ = ("_left", "_memories")

    def __init__(self) -> None:
        self._memories: list[dict[Any, Any]] = []
        self._left = _ALL_VALUES_BOUND

    def memory(self) -> dict[Any, Any]:
        """Return a new memory that counts."""
        self._memories.append({})
        return self._memories[-1]

    def taken(self) -> None:
        """Count a value that is remembered; all are forgotten when they are too many."""
        self._left -= 1
        if self._left < 0:
            for memory in self._memories:
                memory.clear()
            self._left = _ALL_VALUES_BOUND


def remembering(field: str, convert: Conversion, room: Room) -> Remembering:
    """Return the look-up of values converted before, and the conversion of others: None when nothing fits the field."""
    memory = room.memory()

    def learn(value: Any, event: Event) -> Any:  # noqa: ANN401 - whatever a log holds
        got = convert(value)
        if got is UNFIT:
            event[MISFIT + field] = written(value)
        if got is UNFIT or got is ABSENT:
            return None
        if not isinstance(value, str) or len(value) <= _VALUE_LENGTH_BOUND:
            if len(memory) >= _VALUES_BOUND:
                memory.clear()
            memory[value] = got
            room.taken()
        return got

    return memory.get, learn


def add_list(values: list[Any], field: str, convert: Conversion, event: Event) -> None:
    """Add a list to an event: each value converted, a single one alone, what doesn't fit as a misfit."""
    if convert is KEYWORD and len(values) > 1 and set(map(type, values)) == _ALL_TEXTS:
        event[field] = values
        return
    got = [(value, convert(value)) for value in values if value is not None]
    fit = [each for _, each in got if each is not UNFIT and each is not ABSENT]
    unfit = [written(value) for value, each in got if each is UNFIT]
    if fit:
        event[field] = fit if len(fit) > 1 else fit[0]
    if unfit:
        event[MISFIT + field] = [*unfit] if len(unfit) > 1 else unfit[0]


def conversion(kind: FieldType, converter: Any) -> Conversion:  # noqa: ANN401 - a converter's name or a table's look-up
    """Return the conversion to a field's type, after the one that the parser names."""
    conformed = conform(kind)
    if converter == "text":
        return conformed
    if converter == "address" and kind is FieldType.IP:
        return lambda value: ABSENT if (got := conformed(value)) is UNFIT else got
    first = CONVERTERS[converter] if isinstance(converter, str) else converter

    def convert(value: Any) -> Any:  # noqa: ANN401
        got = first(value)
        return got if got is ABSENT or got is UNFIT else conformed(got)

    return convert


def mapped(target: str | Mapped) -> tuple[tuple[str, Any], ...]:
    """Return the fields a name goes to, each with its conversion."""
    if isinstance(target, str):
        return ((target, "text"),)
    converter: Any = target.convert
    if target.table:
        converter = _table(target.table, CONVERTERS.get(target.convert))
    return tuple((field, converter) for field in target.to)


def _table(table: Mapping[str, str], after: Conversion | None) -> Conversion:
    def look_up(value: Any) -> Any:  # noqa: ANN401
        got = table.get(written(value), value)
        return ABSENT if got == "" else after(got) if after else got

    return look_up
