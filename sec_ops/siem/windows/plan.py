"""Events of flat records, by plans: what a record of the same names, types and kind becomes is worked out once.

A plan is found by the record's names, its values' types, and the few values that choose the classification; then
making the event is one pass in C over the values and a call for each value that needs more than a copy. 100,000
recorded events of Windows have 704 plans.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from sys import intern
from types import NoneType
from typing import Any

from sec_ops.siem.engines import Composed
from sec_ops.siem.events import TIME, Event, FieldType
from sec_ops.siem.windows.copies import Same
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


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """`constants` has all the targets' names already, so that the event's dictionary never grows.

    A plan is `mixed` when one of its loose fields is also a fixed one.
    """

    constants: Event
    targets: tuple[str, ...]
    pick: Callable[[Any], tuple[Any, ...]]
    convert: tuple[tuple[int, Callable[[Any], Any]], ...]
    steps: tuple[tuple[int, Callable[[Any, Event], None]], ...]
    loose: Mapping[str, FieldType]
    mixed: bool
    times: tuple[int, ...]
    universal: int | None


@dataclass(frozen=True, slots=True)
class _Shape:
    layout: Layout | None
    choose: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    plans: dict[tuple[Any, ...], _Plan] = field(default_factory=dict)


class Composer:
    """Makes events of flat records; remembers plans within bounds, so hostile names can't fill the memory."""

    __slots__ = ("_room", "_shapes")

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._room = _ROOM

    def compose(self, record: Mapping[str, Any]) -> Event | None:
        """Return the event a flat record tells of; None when no layout knows its names."""
        made = self.composed(record)
        return None if made is None else made.event

    def composed(self, record: Mapping[str, Any]) -> Composed | None:
        """Return the same with its shape, and what comes and goes within that."""
        names = tuple(record)
        shape = self._shapes.get(names) or self._shape(names)
        if shape.layout is None:
            return None
        values = list(record.values())
        chosen = shape.choose(record)
        try:
            plan = shape.plans.get((*chosen, *map(type, values)))
        except TypeError:  # a map or list where System has one value
            chosen = tuple(map(plain, chosen))
            plan = None
        plan = plan or self._plan(shape, names, tuple(map(type, values)), chosen)
        return _apply(plan, values)

    def _shape(self, names: tuple[str, ...]) -> _Shape:
        keys = frozenset(names)
        layout = next((layout for layout in LAYOUTS if layout.claims(keys)), None)
        chosen_by = tuple(layout.name(slot, keys) for slot in _CHOOSING) if layout else ()
        shape = _Shape(layout, _chooser(chosen_by))
        if self._fits(names):
            self._shapes[names] = shape
        return shape

    def _plan(self, shape: _Shape, names: tuple[str, ...], types: tuple[type, ...], chosen: tuple[Any, ...]) -> _Plan:
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


def _planned(layout: Layout, names: tuple[str, ...], types: tuple[type, ...], chosen: tuple[Any, ...]) -> _Plan:
    slots = [layout.slots.get(name) or intern(DATA + name) for name in names]
    there = [at for at, kind in enumerate(types) if kind is not NoneType and slots[at] not in _FIXED]
    data = {names[at]: at for at in there if slots[at].startswith(DATA)}
    code, channel, provider, level = (plain(value) for value in chosen)
    channel = channel or channel_of(provider)
    meaning = kind_of(provider, channel, code)
    pairs = [(slots[at], at) for at in there]
    pairs += [("host.name", at) for at in there if slots[at] == COMPUTER]
    single = {name: at for name, at in data.items() if types[at] is not list}
    copies = [(copy, single[name]) for name, copy in (meaning.copies if meaning else ()) if name in single]
    pairs += [(copy.target, at) for copy, at in copies if isinstance(copy, Same)]
    steps = [(at, copy) for copy, at in copies if not isinstance(copy, Same)]
    if meaning and not meaning.outcome and channel.lower() == "security":
        steps += [(at, outcome) for at in there if slots[at] == "winlog.keywords"]
    constants = dict.fromkeys((target for target, _ in pairs), "") | _constants(meaning, code, channel, provider, level)
    loose = {name: kind for _, copy in steps for name, kind in copy.fields.items()}
    return _Plan(
        constants=constants,
        targets=tuple(target for target, _ in pairs),
        pick=_picker([at for _, at in pairs]),
        convert=tuple(_conversions(there, types, slots)),
        steps=tuple((at, copy.write) for at, copy in steps),
        loose=loose,
        mixed=not loose.keys().isdisjoint(constants),
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


def _chooser(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if names and all(names):
        return itemgetter(*names)
    return lambda record: tuple(map(record.get, names))


def _picker(places: list[int]) -> Callable[[Any], tuple[Any, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[at] for at in places)


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


def _apply(plan: _Plan, values: list[Any]) -> Composed:
    for at, written in plan.convert:
        values[at] = written(values[at])
    event = plan.constants.copy()
    event.update(zip(plan.targets, plan.pick(values), strict=True))
    for at, write in plan.steps:
        write(values[at], event)
    first = values[plan.times[0]] if plan.times else None
    if isinstance(first, str) and first[:4].isdecimal() and first[-1] == "Z":
        event[TIME] = first
    else:
        universal = None if plan.universal is None else values[plan.universal]
        event[TIME] = event_time([values[at] for at in plan.times], universal)
    return Composed(event, plan.loose, None if plan.mixed else plan)
