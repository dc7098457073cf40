"""Extracted names and values made into ECS fields, by a plan for each shape of record.

A shape is the names of a record and the types of their values. Logs repeat few shapes, so what a name becomes and how
its value is converted is worked out once for each, and values that repeat are converted once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate
from operator import itemgetter
from typing import Any, Final

from sec_ops.model.log_parser import LogParser
from sec_ops.siem.events import DATASET, MISFIT, TIME, Event, FieldType, FieldTypes
from sec_ops.siem.parse.conform import Conversion, written
from sec_ops.siem.parse.converting import Remembering, Room, add_list, conversion, mapped, remembering
from sec_ops.siem.parse.flatten import FIELDS_BOUND, NAME_BOUND, OVERFLOW, flatten

__all__ = ["RESERVED", "Plan", "Plans", "Structure", "reserved"]

RESERVED: Final = (TIME, DATASET, "event.ingested")
"""Fields that only the session sets, with all of `sec_ops.` and `misfit.`; a record that names them is no authority."""
_ROOM: Final = 100_000
"""Names that all plans of a parser together may hold, at most a kilobyte each."""
_REMEMBERED: Final = 4_096
_WIDEST: Final = 2_000
_LEAST, _MOST = -(2**63), 2**63 - 1
_TEXTS: Final = (FieldType.KEYWORD, FieldType.TEXT)

Step = tuple[str, str, Conversion]
Plan = Callable[[Mapping[str, Any], Event], None]


class Structure:
    """What the catalogue's names say of each other: which are leaves, and which are only beginnings of others."""

    def __init__(self, fields: FieldTypes) -> None:
        self.types = fields.types
        self.objects = {beginning for name in fields.types for beginning in _beginnings(name)} - fields.types.keys()

    def misplaced(self, name: str) -> bool:
        """Return whether a leaf of that name would be an object elsewhere, or lie below another leaf."""
        return name in self.objects or any(beginning in self.types for beginning in _beginnings(name))


class Plans:
    """The plans of one parser."""

    def __init__(self, parser: LogParser, structure: Structure) -> None:
        self._structure = structure
        self.map = {name: mapped(target) for name, target in parser.map.items()}
        self._order = {name: at for at, name in enumerate(parser.map)}
        self._rest = parser.rest
        self.time = parser.time.field if parser.time else TIME
        self._plans: dict[tuple[Any, ...], Plan] = {}
        self._memories: dict[tuple[Any, ...], Remembering] = {}
        self._values = Room()
        self._room = _ROOM
        self._staying: dict[str, bool] = {}

    def apply(self, record: Mapping[str, Any], event: Event) -> Mapping[str, Any]:
        """Add the fields of an extracted record to an event and return the record with dotted names."""
        plan = self._plans.get((tuple(record), tuple(map(type, record.values()))))
        if plan is None:
            if len(record) > FIELDS_BOUND or _has_maps(record) or max(map(len, record), default=0) > NAME_BOUND:
                record = flatten(record)
            plan = self._planned(record)
        plan(record, event)
        return record

    def _planned(self, record: Mapping[str, Any]) -> Plan:
        shape = (tuple(record), tuple(map(type, record.values())))
        plan = self._plans.get(shape)
        if plan is None:
            weight = len(record) + sum(map(len, record)) // 50
            if weight > self._room:
                self._forget()
            plan = self.plan(record)
            if weight <= _WIDEST:
                self._plans[shape] = plan
                self._room -= weight
            else:
                self._forget()
        return plan

    def _forget(self) -> None:
        self._plans.clear()
        self._memories.clear()
        self._values = Room()
        self._room = _ROOM

    def plan(self, record: Mapping[str, Any]) -> Plan:
        """Return what adds the fields of records of this shape to events."""
        plain: list[tuple[str, str]] = []
        steps: list[tuple[str, str, Callable[[Any], Any], Callable[[Any, Event], Any]]] = []
        whole: list[tuple[str, str]] = []
        lists: list[Step] = []
        # What comes first in `map` is written last: it stands, unless it has nothing to say.
        for name, field, converter in reversed(list(self.targets(record))):
            kind, value = self.kind(field), record[name]
            if isinstance(value, list):
                lists.append((name, field, conversion(kind, converter)))
            elif self.passes(value, field, converter):
                plain.append((name, field))
            elif kind is FieldType.LONG and converter == "text" and type(value) is int:
                whole.append((name, field))
            else:
                steps.append((name, field, *self._memory_of(field, kind, converter, type(value))))
        return _runner(_mover(plain, record), whole, steps, lists)

    def _memory_of(self, field: str, kind: FieldType, converter: Any, of: type) -> Remembering:  # noqa: ANN401
        """Return the memory of a field's conversions, which all shapes share: what repeats, repeats across them."""
        key = (field, converter, of)
        found = self._memories.get(key)
        if found is None:
            found = self._memories[key] = remembering(field, conversion(kind, converter), self._values)
        return found

    def keep(self, names: Iterable[str]) -> bool:
        """Return whether fields of these names stay where they are, beside each other."""
        leaves = [name for name in names if name != self.time]
        parents = {beginning for name in leaves for beginning in _beginnings(name)}
        return not self.map and parents.isdisjoint(leaves) and all(map(self._stays, leaves))

    def _stays(self, name: str) -> bool:
        found = self._staying.get(name)
        if found is None:
            if len(self._staying) >= _REMEMBERED:
                self._staying.clear()
            alone = [*self._of(name)] == [(name, "text")] and not self._structure.misplaced(name)
            found = self._staying[name] = alone and len(name) <= NAME_BOUND
        return found

    def kind(self, field: str) -> FieldType:
        """Return a field's type."""
        return self._structure.types.get(field, FieldType.KEYWORD)

    def passes(self, value: object, field: str, converter: str = "text") -> bool:
        """Return whether a field takes such values as they are."""
        kind = self.kind(field)
        return converter == "text" and (
            (kind in _TEXTS and type(value) is str) or (kind is FieldType.BOOLEAN and type(value) is bool)
        )

    def targets(self, record: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """Yield extracted name, field and conversion in the order of `map`; of a field up to the first sure one."""
        taken: dict[str, bool] = {}
        names = sorted(record, key=lambda name: self._order.get(name, len(self._order)))
        found = [(name, *each) for name in names if record[name] is not None for each in self._of(name)]
        leaves = {field for _, field, _ in found}
        parents = {beginning for field in leaves for beginning in _beginnings(field)}
        for name, field, converter in found:
            place = MISFIT + field if field in parents or self._structure.misplaced(field) else field
            while place in taken and place.startswith(MISFIT):
                place += "_"
            if not taken.get(place, False) and not (place in taken and isinstance(record[name], list)):
                taken[place] = isinstance(record[name], list | int) or self.passes(record[name], place, converter)
                yield name, place, converter

    def _of(self, name: str) -> Iterator[tuple[str, Any]]:
        mapped = self.map.get(name)
        if mapped is not None:
            yield from mapped
        elif name == OVERFLOW:
            yield OVERFLOW, "text"
        elif name != self.time and "." in name and name in self._structure.types and not reserved(name):
            yield name, "text"
        elif name != self.time and self._rest:
            field = _segments(name) if self._rest == "." else self._rest + _segments(name)
            yield (MISFIT + field if reserved(field) else field), "text"


def _runner(
    move: Plan,
    whole: list[tuple[str, str]],
    steps: list[tuple[str, str, Callable[[Any], Any], Callable[[Any, Event], Any]]],
    lists: list[Step],
) -> Plan:
    def run(record: Mapping[str, Any], event: Event) -> None:
        move(record, event)
        for name, field in whole:
            value = record[name]
            if _LEAST <= value <= _MOST:
                event[field] = value
            else:
                event[MISFIT + field] = written(value)
        for name, field, known, learn in steps:
            value = record[name]
            got = known(value)
            if got is not None or (got := learn(value, event)) is not None:
                event[field] = got
        for name, field, convert in lists:
            add_list(record[name], field, convert, event)

    return run


def _mover(plain: list[tuple[str, str]], record: Mapping[str, Any]) -> Plan:
    """Return what moves the values that need no conversion; where nearly all keep their names, in one step."""
    same = {name for name, field in plain if name == field}
    others = tuple(name for name in record if name not in same)
    renamed = [(name, field) for name, field in plain if name != field]
    if renamed or 2 * len(others) > len(same) or any(_keeps(name, record) for name in others):
        fields, take = tuple(field for _, field in plain), _taker([name for name, _ in plain])
        return lambda record, event: event.update(zip(fields, take(record), strict=False))

    def move(record: Mapping[str, Any], event: Event) -> None:
        event.update(record)
        for name in others:
            del event[name]

    return move


def _keeps(name: str, record: Mapping[str, Any]) -> bool:
    """Return whether the event may hold a name already, which the record's must not take the place of."""
    return record[name] is None or (reserved(name) and name != TIME)


def _taker(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if not names:
        return lambda _record: ()
    if len(names) == 1:
        only = names[0]
        return lambda record: (record[only],)
    return itemgetter(*names)


def _has_maps(record: Mapping[str, Any]) -> bool:
    return any(kind is dict or kind is list for kind in map(type, record.values()))


def reserved(field: str) -> bool:
    """Return whether a field is the session's own."""
    return field in RESERVED or field.startswith(("sec_ops.", MISFIT))


def _segments(name: str) -> str:
    """Return a name without empty parts: no store has a field called `a..b`."""
    if name and ".." not in name and name[0] != "." and name[-1] != ".":
        return name
    return ".".join(part or "_" for part in name.split("."))


@lru_cache(_REMEMBERED)
def _beginnings(name: str) -> tuple[str, ...]:
    return tuple(accumulate(name.split("."), lambda left, right: f"{left}.{right}"))[:-1]
