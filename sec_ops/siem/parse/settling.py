"""Events that an engine made in columns, as the catalogue wants them: a column that fits stays as it is."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from sec_ops.siem.engines import Composed
from sec_ops.siem.events import Event, FieldType
from sec_ops.siem.parse.flatten import FIELDS_BOUND
from sec_ops.siem.parse.plans import Plan, Plans

__all__ = ["Columns", "Settling"]

_ROOM: Final = 100_000
"""Names that all remembered shapes of a parser together may hold."""
_LEAST, _MOST = -(2**63), 2**63 - 1
_TEXTS: Final = (FieldType.KEYWORD, FieldType.TEXT)
_WORDS: Final = (FieldType.KEYWORD, FieldType.IP)

Sound = Callable[[Sequence[Any]], bool]


class Columns:
    """Events in the making: what all share, and columns with None where an event lacks a field."""

    __slots__ = ("columns", "constants", "rows")

    def __init__(self, constants: Event, columns: dict[str, Sequence[Any]], rows: int) -> None:
        self.constants = constants
        self.columns = columns
        self.rows = rows

    def cover(self, constants: Mapping[str, Any]) -> None:
        """Lay what is known of all events above what they say."""
        for name in constants:
            self.columns.pop(name, None)
        self.constants |= constants

    def each(self, names: Iterable[str], change: Callable[[Event, int], None]) -> None:
        """Let a rule for single events change these fields of each, given with its row; it may add others."""
        given = {name: values for name in names if (values := self._taken(name)) is not None}
        events: list[Event] = [
            {name: values[row] for name, values in given.items() if values[row] is not None} for row in range(self.rows)
        ]
        for row, event in enumerate(events):
            change(event, row)
        for name in dict.fromkeys(chain.from_iterable(events)):
            beneath = self._taken(name) or [None] * self.rows
            self.columns[name] = [event.get(name, old) for event, old in zip(events, beneath, strict=True)]

    def _taken(self, name: str) -> Sequence[Any] | None:
        if name in self.constants:
            return [self.constants.pop(name)] * self.rows
        return self.columns.pop(name, None)


@dataclass(frozen=True, slots=True)
class _Fix:
    """What a shape's constants become, and a value of each column that is looked at: it stays while it is sound."""

    constants: Event
    steps: tuple[tuple[str, Sound, Any], ...]


class Settling:
    """Makes composed events the catalogue's by what is worked out once for each shape."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._fixes: dict[Hashable, _Fix | None] = {}
        self._singles: dict[tuple[str, type], Plan] = {}
        self._room = _ROOM

    def settle(self, made: Composed, rows: int) -> Columns | None:
        """Return the events; None when their names can't stay as they are."""
        if made.shape not in self._fixes:
            self._keep(made)
        fix = self._fixes[made.shape]
        if fix is None:
            return None
        columns = Columns({**fix.constants}, made.columns, rows)
        for name, sound, value in fix.steps:
            if not sound(made.columns[name]):
                columns.each((name,), _planned(name, self._single(name, value)))
        return columns

    def _keep(self, made: Composed) -> None:
        steady = {name: value for name, value in made.event(0).items() if name not in made.loose}
        names = steady.keys() | made.loose.keys()
        self._room -= len(names)
        if self._room < 0:
            self._fixes.clear()
            self._singles.clear()
            self._room = _ROOM
        stays = made.shape is not None and len(names) <= FIELDS_BOUND and self._plans.keep(names)
        self._fixes[made.shape] = self._fixed(steady, made) if stays and self._hold(made.loose) else None

    def _hold(self, fields: Mapping[str, FieldType]) -> bool:
        """Return whether values of these types can stay as they are."""
        kinds = {name: self._plans.kind(name) for name in fields}
        return all(kinds[name] is kind or (kinds[name] in _TEXTS and kind in _WORDS) for name, kind in fields.items())

    def _fixed(self, steady: Event, made: Composed) -> _Fix:
        constants: Event = {}
        for name, value in made.constants.items():
            if self._plans.passes(value, name) or self._sound(name, value)([value]):
                constants[name] = value
            else:
                self._single(name, value)({name: value}, constants)
        looked_at = [name for name in made.columns if name in steady and name != self._plans.time]
        odd = [name for name in looked_at if not self._plans.passes(steady[name], name)]
        return _Fix(constants, tuple((name, self._sound(name, steady[name]), steady[name]) for name in odd))

    def _sound(self, name: str, value: object) -> Sound:
        kind = self._plans.kind(name)
        if kind is FieldType.LONG and type(value) is int:
            return _in_range
        return _several if kind in _TEXTS and type(value) is list else _never

    def _single(self, name: str, value: Any) -> Plan:  # noqa: ANN401 - whatever a record holds
        """Return the plan of a field by itself, whose values have this one's type."""
        key = name, type(value)
        if key not in self._singles:
            self._singles[key] = self._plans.plan({name: value})
        return self._singles[key]


def _planned(name: str, plan: Plan) -> Callable[[Event, int], None]:
    return lambda event, _row: plan({name: event.pop(name)}, event)


def _in_range(values: Sequence[int]) -> bool:
    return min(values) >= _LEAST and max(values) <= _MOST


def _several(values: Sequence[list[Any]]) -> bool:
    return min(map(len, values)) > 1


def _never(_values: Sequence[Any]) -> bool:
    return False
