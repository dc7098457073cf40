"""The few events that an alert keeps: the first and the last, each within bounds.

The whole event is in the raw log under its record's name; what is kept here is for people and explanations, so fields
that the rule asks about come first.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sec_ops.detection.alerts.grouping import FieldNames, clean, valid_time
from sec_ops.detection.alerts.values import Related
from sec_ops.detection.events import FlatEvent, Occurrence, Value
from sec_ops.detection.mapping.rewriting import fields_of
from sec_ops.detection.rule import Correlation, Rule

__all__ = ["ENDS", "Candidates", "read_related"]

ENDS = 10
"""How many of the first events, and of the last, an alert keeps."""
_EVENT_CHARACTERS = 8192
_VALUE_CHARACTERS = 2048
_NAME_CHARACTERS = 256
_LIST_VALUES = 32
_LATEST = 2**63 - 1
Each = TypeVar("Each")


class Candidates:
    """Events of one alert that may be among its first or last `ends`."""

    def __init__(self, ends: int = ENDS) -> None:
        self._ends = ends
        self._rule: Rule | Correlation | None = None
        self._found: list[Occurrence] = []

    def add(self, rule: Rule | Correlation, occurrences: Sequence[Occurrence]) -> None:
        """Consider more events."""
        self._rule = rule
        self._found += occurrences
        if len(self._found) > 8 * self._ends:
            self._found = _ends_of(self._found, self._ends, _occurrence_order)

    def keep(self, connection: sqlite3.Connection, alert: str, names: FieldNames) -> None:
        """Let an alert keep the first and the last of what it had and of these."""
        if self._rule is None or not self._found:
            return
        query = "SELECT record, time_us FROM related WHERE alert = ?"
        known = {record: _order(time_us, record) for record, time_us in connection.execute(query, (alert,))}
        fresh = {clean(each.record)[:_VALUE_CHARACTERS]: each for each in self._found}
        places = known | {record: _order(valid_time(each.time_us), record) for record, each in fresh.items()}
        kept = _ends_of(list(places), self._ends, places.__getitem__)
        gone = [(alert, record) for record in known.keys() - set(kept)]
        connection.executemany("DELETE FROM related WHERE alert = ? AND record = ?", gone)
        asked = {shape: _asked(self._rule, shape, names) for shape in {each.shape for each in self._found}}
        new = ((record, fresh[record]) for record in kept if record not in known)
        rows = [(alert, record, *_row(each, asked[each.shape])) for record, each in new]
        connection.executemany("INSERT INTO related VALUES (?, ?, ?, ?, ?, ?)", rows)


def _row(occurrence: Occurrence, asked: Iterable[str]) -> tuple[int | None, str, str, bool]:
    """Return an occurrence as an alert keeps it: its time, shape, event, and whether something was cut."""
    text, cut = _bounded(occurrence.event, asked)
    return valid_time(occurrence.time_us), occurrence.shape, text, cut


def read_related(connection: sqlite3.Connection, alert: str) -> tuple[Related, ...]:
    """Return the events that an alert keeps, in order of time."""
    query = "SELECT record, time_us, shape, event, cut FROM related WHERE alert = ?"
    found = [
        Related(record=record, time_us=time_us, shape=shape, event=json.loads(event), cut=bool(cut))
        for record, time_us, shape, event, cut in connection.execute(query, (alert,))
    ]
    return tuple(sorted(found, key=lambda each: _order(each.time_us, each.record)))


def _ends_of(found: list[Each], ends: int, order: Callable[[Each], tuple[int, str]]) -> list[Each]:
    ordered = sorted(found, key=order)
    return ordered if len(ordered) <= 2 * ends else ordered[:ends] + ordered[len(ordered) - ends :]


def _occurrence_order(each: Occurrence) -> tuple[int, str]:
    return _order(valid_time(each.time_us), each.record)


def _order(time_us: int | None, record: str) -> tuple[int, str]:
    return _LATEST if time_us is None else time_us, record


def _asked(rule: Rule | Correlation, shape: str, names: FieldNames) -> list[str]:
    """Return the fields that a rule asks about or groups by, by their names in the event."""
    header = rule.header
    wanted = [*header.alert_by]
    wanted += fields_of(rule.condition) if isinstance(rule, Rule) else [*rule.group_by, *rule.fields]
    return [each for field in dict.fromkeys(wanted) if field for each in names(rule, shape, field)]


def _bounded(event: FlatEvent, first: Iterable[str]) -> tuple[str, bool]:
    """Return the fields that fit as JSON, those named first before others, and whether something was left out."""
    names = dict.fromkeys([*(each for each in first if each in event), *event])
    whole = {name: event[name] for name in names}
    if all(map(_fits, whole.items())) and len(text := json.dumps(whole)) <= _EVENT_CHARACTERS:
        return text, False
    kept: dict[str, Value] = {}
    room, cut = _EVENT_CHARACTERS, False
    for name, full in whole.items():
        value = _short(full)
        size = len(json.dumps([name, value]))
        if size > room or len(name) > _NAME_CHARACTERS:
            cut = True
            continue
        room -= size
        cut = cut or value is not full
        kept[name] = value
    return json.dumps(kept), cut


def _fits(field: tuple[str, Value]) -> bool:
    """Return whether a field is within all bounds, as nearly all are."""
    name, value = field
    if len(name) > _NAME_CHARACTERS:
        return False
    return len(value) <= _VALUE_CHARACTERS if isinstance(value, str) else value is _short(value)


def _short(value: Value) -> Value:
    """Return the value itself when it is within bounds, else what fits of it."""
    if isinstance(value, str):
        return value if len(value) <= _VALUE_CHARACTERS else value[:_VALUE_CHARACTERS]
    if value is None or isinstance(value, bool | int | float):
        return value
    short = [_short(each) for each in value[:_LIST_VALUES]]
    same = len(short) == len(value) and all(new is old for new, old in zip(short, value, strict=True))
    return value if same else short
