"""From events to fields: rows of the same keys lie together, each field is the runs of rows that have it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any

from sec_ops.siem.embedded.fields import Field, Kind
from sec_ops.siem.embedded.grouping import Alike
from sec_ops.siem.events import DATASET, MISFIT, RECORD, TIME, FieldType, FieldTypes, Row, Scalar

__all__ = ["Runs", "Shaped", "shape"]

_ELSEWHERE = frozenset({DATASET, RECORD})
"""Fields that the manifest or the store's own columns hold."""
_FITTING: Mapping[FieldType, tuple[type, ...]] = {
    FieldType.LONG: (int,),
    FieldType.DATE: (int,),
    FieldType.DOUBLE: (float, int),
    FieldType.BOOLEAN: (bool,),
}
_BOUND = 2**63


@dataclass(slots=True)
class Runs:
    """Values of one field, and the runs (first row, length) of rows they belong to, in order.

    `joined` is all texts in one, when somebody has joined them already.
    """

    runs: list[tuple[int, int]] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    joined: str | None = None

    def add(self, row: int, value: object) -> None:
        """Add the value of a row that lies after all others."""
        if self.runs and sum(self.runs[-1]) == row:
            first, length = self.runs[-1]
            self.runs[-1] = (first, length + 1)
        else:
            self.runs.append((row, 1))
        self.values.append(value)

    def extend(self, row: int, values: Sequence[object]) -> None:
        """Add values of rows that follow each other, from a row on that lies after all others."""
        if self.runs and sum(self.runs[-1]) == row:
            first, length = self.runs[-1]
            self.runs[-1] = (first, length + len(values))
        else:
            self.runs.append((row, len(values)))
        self.values += values

    def pairs(self) -> Iterable[tuple[int, Any]]:
        """Return (row, value) of every value."""
        rows = chain.from_iterable(range(first, first + length) for first, length in self.runs)
        return zip(rows, self.values, strict=True)


@dataclass(frozen=True, slots=True)
class Shaped:
    """Rows in the order they are written, the fields they have, their own times where every event has one."""

    rows: list[Row]
    fields: dict[Field, Runs]
    times: list[int] | None


def shape(groups: Alike, types: FieldTypes) -> Shaped:
    """Return rows transposed, those of the same keys together; every value fits the type of its field."""
    ordered, found = _transposed(groups)
    times = found.pop(TIME, Runs())
    fields: dict[Field, Runs] = {}
    misfits: dict[str, dict[int, list[str]]] = {}
    for name, runs in found.items():
        kind = types.of(name)
        if (_is_plain if kind in _FITTING else _is_text)(runs, kind):
            fields[Field(name, Kind.SINGLE, kind)] = runs
        else:
            _sort_out(name, kind, runs, fields, misfits)
    for name, kept in misfits.items():
        _add_misfits(name, kept, fields)
    whole = len(times.values) == len(ordered) and _is_plain(times, FieldType.DATE)
    return Shaped(ordered, fields, times.values if whole else None)


def _transposed(groups: Alike) -> tuple[list[Row], dict[str, Runs]]:
    ordered: list[Row] = []
    found: dict[str, Runs] = {}
    for keys, alike in groups.items():
        values = zip(*[row.event.values() for row in alike], strict=True)
        for name, column in zip(keys, values, strict=True):
            if name not in _ELSEWHERE:
                _extend(found, name, len(ordered), column)
        ordered += alike
    return ordered, found


def _extend(found: dict[str, Runs], name: str, first: int, column: tuple[Any, ...]) -> None:
    runs = found.get(name)
    if runs is None:
        found[name] = Runs([(first, len(column))], list(column))
        return
    before, length = runs.runs[-1]
    if before + length == first:
        runs.runs[-1] = (before, length + len(column))
    else:
        runs.runs.append((first, len(column)))
    runs.values += column


def _is_plain(runs: Runs, kind: FieldType) -> bool:
    """Return whether every value is a single one of the right type: almost always."""
    met = set(map(type, runs.values))
    if not met <= set(_FITTING[kind]):
        return False
    return int not in met or -_BOUND <= min(runs.values) <= max(runs.values) < _BOUND


def _is_text(runs: Runs, _kind: FieldType) -> bool:
    """Return whether every value is a single text; numbers and truth values are made texts."""
    try:
        runs.joined = "".join(runs.values)
    except TypeError:
        if not set(map(type, runs.values)) <= {str, int, float, bool}:
            return False
        runs.values = [value if type(value) is str else _text(value) for value in runs.values]
        runs.joined = "".join(runs.values)
    return True


def _sort_out(
    name: str, kind: FieldType, runs: Runs, fields: dict[Field, Runs], misfits: dict[str, dict[int, list[str]]]
) -> None:
    """Tell single values from lists, and what doesn't fit from both."""
    single, several = Runs(), Runs()
    if kind not in _FITTING and _all_texts(runs.values):
        _split(runs, single, several)
        _keep(name, kind, single, several, fields)
        return
    for row, value in runs.pairs():
        items = [item for item in (value if isinstance(value, list) else [value]) if item is not None]
        fitting = [fitted for item in items if (fitted := _fitted(item, kind)) is not None]
        if len(fitting) < len(items):
            odd = [_text(item) for item in items if _fitted(item, kind) is None]
            misfits.setdefault(MISFIT + name, {})[row] = odd
        if fitting and isinstance(value, list):
            several.add(row, fitting)
        elif fitting:
            single.add(row, fitting[0])
    _keep(name, kind, single, several, fields)


def _keep(name: str, kind: FieldType, single: Runs, several: Runs, fields: dict[Field, Runs]) -> None:
    if single.values:
        fields[Field(name, Kind.SINGLE, kind)] = single
    if several.values:
        fields[Field(name, Kind.LIST, kind)] = several


def _all_texts(values: Sequence[Any]) -> bool:
    """Return whether these are texts and lists of texts, none of them empty: nothing has to be looked at singly."""
    if not set(map(type, values)) <= {str, list}:
        return False
    lists = [value for value in values if type(value) is list]
    return all(lists) and set(map(type, chain.from_iterable(lists))) <= {str}


def _split(runs: Runs, single: Runs, several: Runs) -> None:
    """Tell texts from lists of texts, run by run."""
    taken = 0
    for first, length in runs.runs:
        row = first
        for kind, alike in groupby(runs.values[taken : taken + length], type):
            values = list(alike)
            (several if kind is list else single).extend(row, values)
            row += len(values)
        taken += length


def _fitted(value: object, kind: FieldType) -> Scalar | None:
    """Return a value as its type holds it, None when it doesn't fit."""
    if kind not in _FITTING:
        return _text(value)
    if type(value) not in _FITTING[kind]:
        return None
    if kind is FieldType.DOUBLE and isinstance(value, int):
        return float(value) if abs(value) < _BOUND else None
    if isinstance(value, int) and not -_BOUND <= value < _BOUND:
        return None
    return value if isinstance(value, bool | int | float) else None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _add_misfits(name: str, kept: Mapping[int, list[str]], fields: dict[Field, Runs]) -> None:
    """Put misfits beside those that came with the events."""
    merged = dict(kept)
    for kind in Kind:
        for row, value in fields.pop(Field(name, kind, FieldType.KEYWORD), Runs()).pairs():
            merged[row] = [*(value if isinstance(value, list) else [value]), *merged.get(row, [])]
    single, several = Runs(), Runs()
    for row in sorted(merged):
        if len(merged[row]) == 1:
            single.add(row, merged[row][0])
        else:
            several.add(row, merged[row])
    for kind, runs in ((Kind.SINGLE, single), (Kind.LIST, several)):
        if runs.values:
            fields[Field(name, kind, FieldType.KEYWORD)] = runs
