"""Events that an engine made in columns, as the catalogue wants them: a column that fits stays as it is."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from sec_ops.siem.engines import Composed
from sec_ops.siem.events import Event, FieldType
from sec_ops.siem.parse.flatten import FIELDS_BOUND, NAME_BOUND
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
    """What a shape's constants become, and the columns that are looked at: each stays as long as it is sound."""

    constants: Event
    steps: tuple[tuple[str, Sound, Plan], ...]


class Settling:
    """Makes composed events the catalogue's by what is worked out once for each shape."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans
        self._fixes: dict[Hashable, _Fix | None] = {}
        self._room = _ROOM

    def settle(self, made: Composed, rows: int) -> Columns | None:
        """Return the events; None when their names can't stay as they are."""
        if made.shape not in self._fixes:
            self._keep(made)
        fix = self._fixes[made.shape]
        if fix is None:
            return None
        columns = Columns({**fix.constants}, made.columns, rows)
        for name, sound, plan in fix.steps:
            if not sound(made.columns[name]):
                columns.each((name,), _planned(name, plan))
        return columns

    def _keep(self, made: Composed) -> None:
        first = made.event(0)
        steady = {name: value for name, value in first.items() if name not in made.loose}
        names = steady.keys() | made.loose.keys()
        fix = None if made.shape is None or self._is_foreign(steady, made.loose) else self._fixed(steady, made)
        self._room -= len(names)
        if self._room < 0:
            self._fixes.clear()
            self._room = _ROOM
        self._fixes[made.shape] = fix

    def _is_foreign(self, steady: Event, loose: Mapping[str, FieldType]) -> bool:
        """Return whether names have to be mapped, moved or cut, or values that come and go have another type."""
        whole = steady | dict.fromkeys(loose, "")
        if self._plans.map or len(whole) > FIELDS_BOUND or max(map(len, whole)) > NAME_BOUND:
            return True
        targets = list(self._plans.targets(whole))
        moved = any(name != field for name, field, _ in targets)
        return moved or len(targets) != len(whole) - (self._plans.time in whole) or not self._hold(loose)

    def _hold(self, fields: Mapping[str, FieldType]) -> bool:
        """Return whether values of these types can stay as they are."""
        kinds = {name: self._plans.kind(name) for name in fields}
        return all(kinds[name] is kind or (kinds[name] in _TEXTS and kind in _WORDS) for name, kind in fields.items())

    def _fixed(self, steady: Event, made: Composed) -> _Fix:
        constants: Event = {}
        for name, value in made.constants.items():
            if self._plans.passes(value, name):
                constants[name] = value
            else:
                self._plans.plan({name: value})({name: value}, constants)
        return _Fix(constants, tuple(self._steps(steady, made.columns.keys())))

    def _steps(self, steady: Event, columns: Iterable[str]) -> Iterator[tuple[str, Sound, Plan]]:
        for name in columns:
            value = steady.get(name)
            if value is None or name == self._plans.time or self._plans.passes(value, name):
                continue
            kind = self._plans.kind(name)
            sound: Sound = _never
            if kind is FieldType.LONG and type(value) is int:
                sound = _in_range
            elif kind in _TEXTS and type(value) is list:
                sound = _several
            yield name, sound, self._plans.plan({name: value})


def _planned(name: str, plan: Plan) -> Callable[[Event, int], None]:
    return lambda event, _row: plan({name: event.pop(name)}, event)


def _in_range(values: Sequence[int]) -> bool:
    return min(values) >= _LEAST and max(values) <= _MOST


def _several(values: Sequence[list[Any]]) -> bool:
    return min(map(len, values)) > 1


def _never(_values: Sequence[Any]) -> bool:
    return False
