"""Events of flat records, by plans: what records of the same names, types and kind become is worked out once.

A plan is found by the records' names, their values' types, and the few values that choose the classification; then
events are made a column at a time: most columns go over as they are, and what all events share is not made at all.
100,000 recorded events of Windows have 704 plans.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern
from types import NoneType
from typing import Any

from sec_ops.siem.engines import Composed
from sec_ops.siem.events import TIME, Event, FieldType
from sec_ops.siem.packing import Ready
from sec_ops.siem.windows.copies import BETWEEN, Copy, Same
from sec_ops.siem.windows.kinds import LEVELS, channel_of, classified, kind_of, numbered, outcome
from sec_ops.siem.windows.layouts import CHANNEL, COMPUTER, EVENT_ID, LAYOUTS, LEVEL, PROVIDER, TIMES, Layout
from sec_ops.siem.windows.meanings import Meaning
from sec_ops.siem.windows.textual import plain, textual
from sec_ops.siem.windows.times import event_time

__all__ = ["DATA", "Composer"]

DATA = "winlog.event_data."
_ROOM = 400_000
"""Names that all plans together may hold, about 100 bytes each; 100,000 recorded events need 37,000."""
_WIDEST = 1_000
_CHOSEN_BOUND = 200
_CHOOSING = (EVENT_ID, CHANNEL, PROVIDER, LEVEL)
_NUMBERS = frozenset(
    {"winlog.version", LEVEL, "winlog.record_id", "winlog.process.pid", "winlog.process.thread.id", "winlog.qualifiers"}
)
_FIXED = frozenset({*_CHOOSING, *TIMES})


Columns = Sequence[Sequence[Any]]
_Chosen = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """`targets` are fields with the columns they are; `beneath` are constants that some copies stand above.

    A plan is `mixed` when one of its loose fields is also a fixed one.
    """

    constants: Event
    beneath: Event
    targets: tuple[tuple[str, int], ...]
    convert: tuple[tuple[int, Callable[[Any], Any]], ...]
    steps: tuple[tuple[tuple[int, ...], Copy], ...]
    loose: Mapping[str, FieldType]
    mixed: bool
    times: tuple[int, ...]
    universal: int | None


@dataclass(frozen=True, slots=True)
class _Shape:
    layout: Layout | None
    choosing: tuple[int | None, ...]
    plans: dict[tuple[Any, ...], _Plan] = field(default_factory=dict)


class Composer:
    """Makes events of flat records; remembers plans within bounds, so hostile names can't fill the memory."""

    __slots__ = ("_room", "_shapes")

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._room = _ROOM

    def claims(self, names: tuple[str, ...]) -> bool:
        """Return whether a layout knows records with these names."""
        return (self._shapes.get(names) or self._shape(names)).layout is not None

    def compose(self, record: Mapping[str, Any]) -> Event | None:
        """Return the event a flat record tells of; None when no layout knows its names."""
        for _, made in self.composed([record]):
            return made.event(0)
        return None

    def composed(self, records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Sequence[int], Composed]]:
        """Yield the events of records that have the same names, each lot with its positions among the records."""
        names = tuple(records[0])
        shape = self._shapes.get(names) or self._shape(names)
        if shape.layout is None:
            return
        yield from self._made(shape, names, list(zip(*[record.values() for record in records], strict=True)))

    def composed_columns(self, names: tuple[str, ...], columns: Columns) -> Iterator[tuple[Sequence[int], Composed]]:
        """Yield the events of records with these names, whose values lie in columns, as `composed` does."""
        shape = self._shapes.get(names) or self._shape(names)
        if shape.layout is not None:
            yield from self._made(shape, names, columns)

    def _made(
        self, shape: _Shape, names: tuple[str, ...], columns: Columns
    ) -> Iterator[tuple[Sequence[int], Composed]]:
        for numbers, chosen, types, part in _lots(columns, shape.choosing):
            plan = shape.plans.get((*chosen, *types)) or self._plan(shape, names, types, chosen)
            yield numbers, _apply(plan, part)

    def _shape(self, names: tuple[str, ...]) -> _Shape:
        keys = frozenset(names)
        layout = next((layout for layout in LAYOUTS if layout.claims(keys)), None)
        chosen_by = [layout.name(slot, keys) for slot in _CHOOSING] if layout else []
        shape = _Shape(layout, tuple(names.index(name) if name else None for name in chosen_by))
        if self._fits(names):
            self._shapes[names] = shape
        return shape

    def _plan(self, shape: _Shape, names: tuple[str, ...], types: tuple[type, ...], chosen: _Chosen) -> _Plan:
        assert shape.layout is not None  # noqa: S101 - compose has seen to it
        plan = _planned(shape.layout, names, types, chosen)
        if max(len(plain(value)) for value in chosen) <= _CHOSEN_BOUND and self._fits(names):
            shape.plans[(*chosen, *types)] = plan
        return plan

    def _fits(self, names: tuple[str, ...]) -> bool:
        """Take the room that something with these names needs, after making room; False when it is too wide."""
        weight = len(names) + sum(map(len, names)) // 50
        if weight > _WIDEST:
            return False
        if weight > self._room:
            self._shapes.clear()
            self._room = _ROOM
        self._room -= weight
        return True


def _lots(
    columns: Columns, choosing: Sequence[int | None]
) -> Iterator[tuple[Sequence[int], _Chosen, tuple[type, ...], list[Sequence[Any]]]]:
    """Yield what belongs to one plan: positions, the values that choose, types, columns; nearly always that is all."""
    kinds = [{column.kind} if isinstance(column, Ready) else set(map(type, column)) for column in columns]
    chosen = [{None} if at is None else _distinct(columns[at]) for at in choosing]
    if max(map(len, (*kinds, *chosen))) == 1:
        types = tuple(kind.pop() for kind in kinds)
        yield range(len(columns[0])), tuple(each.pop() for each in chosen), types, [*columns]
        return
    lots: dict[tuple[_Chosen, tuple[type, ...]], list[int]] = {}
    for number, values in enumerate(zip(*columns, strict=True)):
        key = tuple(None if at is None else _hashable(values[at]) for at in choosing), tuple(map(type, values))
        lots.setdefault(key, []).append(number)
    for (chose, types), numbers in lots.items():
        yield numbers, chose, types, [[column[number] for number in numbers] for column in columns]


def _distinct(values: Sequence[Any]) -> set[Any]:
    if isinstance(values, Ready):
        return values.distinct()
    try:
        return set(values)
    except TypeError:
        return set(map(_hashable, values))


def _hashable(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """Return a value, or the text of a map or list where System has one value."""
    return plain(value) if isinstance(value, dict | list) else value


def _planned(layout: Layout, names: tuple[str, ...], types: tuple[type, ...], chosen: _Chosen) -> _Plan:
    slots = [layout.slots.get(name) or intern(DATA + name) for name in names]
    there = [at for at, kind in enumerate(types) if kind is not NoneType and slots[at] not in _FIXED]
    data = {names[at]: at for at in there if slots[at].startswith(DATA)}
    code, channel, provider, level = (plain(value) for value in chosen)
    channel = channel or channel_of(provider)
    meaning = kind_of(provider, channel, code)
    pairs = [(slots[at], at) for at in there]
    pairs += [("host.name", at) for at in there if slots[at] == COMPUTER]
    single = {name: at for name, at in data.items() if types[at] is not list}
    named = [((name,) if isinstance(name, str) else name, copy) for name, copy in (meaning.copies if meaning else ())]
    copies = [(copy, tuple(single[each] for each in name)) for name, copy in named if single.keys() >= set(name)]
    pairs += [(copy.target, ats[0]) for copy, ats in copies if isinstance(copy, Same)]
    steps = [(ats, copy) for copy, ats in copies if not isinstance(copy, Same)]
    if meaning and not meaning.outcome and channel.lower() == "security":
        steps += [((at,), outcome) for at in there if slots[at] == "winlog.keywords"]
    targets = dict(pairs)
    told = _constants(meaning, code, channel, provider, level)
    constants = {name: value for name, value in told.items() if name not in targets}
    loose = {name: kind for _, copy in steps for name, kind in copy.fields.items()}
    return _Plan(
        constants={name: value for name, value in constants.items() if name not in loose},
        beneath={name: value for name, value in constants.items() if name in loose},
        targets=tuple(targets.items()),
        convert=tuple(_conversions(there, types, slots)),
        steps=tuple(steps),
        loose=loose,
        mixed=not loose.keys().isdisjoint(constants.keys() | targets.keys()),
        times=tuple(at for slot in TIMES for at, filled in enumerate(slots) if filled == slot),
        universal=data.get("UtcTime"),
    )


def _conversions(
    there: list[int], types: tuple[type, ...], slots: list[str]
) -> Iterator[tuple[int, Callable[[Any], Any]]]:
    for at in there:
        if types[at] is int and slots[at] not in _NUMBERS:
            yield at, str
        elif types[at] is not int and types[at] is not str:
            yield at, textual


def _constants(meaning: Meaning | None, code: str, channel: str, provider: str, level: str) -> Event:
    event: Event = {"event.kind": "event"} | classified(meaning)
    told = {"event.code": code, "event.provider": provider, PROVIDER: provider, CHANNEL: channel}
    event |= {name: value for name, value in told.items() if value}
    if code:
        event[EVENT_ID] = int(code) if numbered(code) else code
    if level:
        event[LEVEL] = int(level) if level in LEVELS else level
        event["log.level"] = LEVELS.get(level, level)
    return event


def _apply(plan: _Plan, columns: list[Sequence[Any]]) -> Composed:
    for at, written in plan.convert:
        columns[at] = list(map(written, columns[at]))
    rows = len(columns[0])
    made: dict[str, Sequence[Any]] = {name: [value] * rows for name, value in plan.beneath.items()}
    made |= {target: columns[at] for target, at in plan.targets}
    for ats, copy in plan.steps:
        read = (
            columns[ats[0]]
            if len(ats) == 1
            else list(map(BETWEEN.join, zip(*(columns[at] for at in ats), strict=True)))
        )
        for name, values in zip(copy.fields, copy.columns(read), strict=True):
            made[name] = _above(values, made[name]) if name in made else values
    made[TIME] = _times(plan, columns, rows)
    return Composed(plan.constants, made, plan.loose, None if plan.mixed else plan)


def _above(values: Sequence[Any], beneath: Sequence[Any]) -> Sequence[Any]:
    return [old if new is None else new for new, old in zip(values, beneath, strict=True)]


def _times(plan: _Plan, columns: Columns, rows: int) -> Sequence[str]:
    if not plan.times:
        return [event_time((), None if plan.universal is None else columns[plan.universal][row]) for row in range(rows)]
    first = columns[plan.times[0]]
    if _are_whole(first):
        return first
    return [
        event_time(
            [columns[at][row] for at in plan.times], None if plan.universal is None else columns[plan.universal][row]
        )
        for row in range(rows)
    ]


def _are_whole(values: Sequence[Any]) -> bool:
    """Return whether all are times that name a zone, by how they begin and end."""
    if type(values[0]) is not str:
        return False
    return {value[-1:] for value in values} == {"Z"} and all(year.isdecimal() for year in {each[:4] for each in values})
