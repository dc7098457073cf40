"""From tables to fields: what a field has in each table, as Arrow lays it out; every value fits its field's type."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from types import NoneType
from typing import Any

from sec_ops.siem.embedded.fields import Field, Kind
from sec_ops.siem.events import DATASET, MISFIT, RECORD, TIME, FieldType, FieldTypes, Scalar
from sec_ops.siem.packing import Column, Numbers, Packed, Texts, bits, packed, whole_texts
from sec_ops.siem.tables import Table

__all__ = ["Lists", "Piece", "Pieces", "Shaped", "shape"]

_ELSEWHERE = frozenset({DATASET, RECORD, TIME})
"""Fields that the manifest or the store's own columns hold."""
_FITTING: Mapping[FieldType, frozenset[type]] = {
    FieldType.LONG: frozenset({int}),
    FieldType.DATE: frozenset({int}),
    FieldType.DOUBLE: frozenset({float, int}),
    FieldType.BOOLEAN: frozenset({bool}),
}
_CODES: Mapping[FieldType, str] = {
    FieldType.LONG: "q",
    FieldType.DATE: "q",
    FieldType.DOUBLE: "d",
    FieldType.BOOLEAN: "B",
}
_WRITTEN = frozenset({str, int, float, bool})
_TEXTS_OR_LISTS = frozenset({str, list, NoneType})
_BOUND = 2**63


@dataclass(slots=True)
class Lists:
    """A column of lists: the values of all, and how many each row has; `present` as in `Texts`."""

    child: Packed
    lengths: "array[int]"
    present: int | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def values(self) -> Sequence[Any]:
        """Return the lists, None where a row has none."""
        values = iter(self.child.values())
        return [list(islice(values, length)) or None for length in self.lengths]


Piece = Packed | Lists
Pieces = list[tuple[int, Piece]]
"""What a field has in some tables, each with its first row, in order."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """Tables one after the other, the fields they have, and how many bytes of text these are."""

    tables: Sequence[Table]
    rows: int
    fields: Mapping[Field, Pieces]
    text_bytes: int


def shape(tables: Sequence[Table], types: FieldTypes) -> Shaped:
    """Return the fields of tables that lie one after the other."""
    fields: dict[Field, Pieces] = {}
    pieces: list[Iterable[Piece]] = []
    rows = 0
    for table in tables:
        fitted = _fitted(table, types)
        pieces.append(fitted.values())
        for field, piece in fitted.items():
            fields.setdefault(field, []).append((rows, piece))
        rows += len(table)
    text_bytes = sum([len(piece.data) for piece in chain(*pieces) if isinstance(piece, Texts)])
    return Shaped(tables, rows, fields, text_bytes)


def _fitted(table: Table, types: FieldTypes) -> dict[Field, Piece]:
    fields: dict[Field, Piece] = {}
    odd: dict[str, Sequence[Any]] = {}
    for name, value in table.constants.items():
        if name not in _ELSEWHERE:
            shared = _of_constant(name, value, types)
            if any(field.name != name for field in shared):
                odd[name] = table.values(name)
            else:
                fields |= {field: _repeated(piece, len(table)) for field, piece in shared.items()}
    for name, column in table.columns.items():
        if name not in _ELSEWHERE:
            kind = types.of(name)
            piece = _single(column, kind)
            if piece is None:
                odd[name] = table.values(name)
            elif piece.present != 0:
                fields[Field(name, Kind.SINGLE, kind)] = piece
    if odd:
        _sort_out(odd, types, fields)
    return fields


def _of_constant(name: str, value: object, types: FieldTypes) -> dict[Field, Piece]:
    """Return what a single row has of a value."""
    kind = types.of(name)
    piece = _single([value], kind) if isinstance(value, str | int | float) else None
    if piece is not None:
        return {Field(name, Kind.SINGLE, kind): piece}
    fields: dict[Field, Piece] = {}
    _sort_out({name: [value]}, types, fields)
    return fields


def _single(column: Column, kind: FieldType) -> Packed | None:
    """Return the column where every value is a single one of the right type, almost always; else None."""
    if kind in _FITTING:
        return _numbers(column, kind)
    if not isinstance(column, Packed):
        column = packed(column)
    if isinstance(column, Texts):
        return column
    values = column.values() if isinstance(column, Numbers) else column
    if set(map(type, values)) <= _WRITTEN:
        return whole_texts([value if type(value) is str else _text(value) for value in values])
    return None


def _numbers(column: Column, kind: FieldType) -> Numbers | None:
    if isinstance(column, Numbers) and _CODES[kind] == "q":
        return column
    if isinstance(column, Texts):
        return None
    values = column.values() if isinstance(column, Numbers) else column
    met = set(map(type, values))
    if not met - {NoneType} <= _FITTING[kind]:
        return None
    there = [value for value in values if value is not None] if NoneType in met else values
    if int in met and not -_BOUND <= min(there) <= max(there) < _BOUND:
        return None
    if NoneType not in met:
        return Numbers(array(_CODES[kind], values))
    present = bits([value is not None for value in values])
    return Numbers(array(_CODES[kind], [value or 0 for value in values]), present)


def _repeated(piece: Piece, rows: int) -> Piece:
    """Return the column of a single row as many times."""
    if isinstance(piece, Lists):
        return Lists(_many(piece.child, rows), piece.lengths * rows)
    return _many(piece, rows)


def _many(piece: Packed, rows: int) -> Packed:
    if isinstance(piece, Texts):
        return Texts(piece.data * rows, piece.lengths * rows)
    return Numbers(piece.data * rows)


def _sort_out(odd: Mapping[str, Sequence[Any]], types: FieldTypes, fields: dict[Field, Piece]) -> None:
    """Tell single values from lists, and what doesn't fit from both."""
    misfits: dict[str, list[list[str]]] = {}
    for name, values in odd.items():
        kind = types.of(name)
        if kind not in _FITTING and _are_texts(values):
            single = [value if type(value) is str else None for value in values]
            several = [value if type(value) is list else None for value in values]
            _keep(name, kind, single, several, fields)
            continue
        sorted_out = [_sorted_out(value, kind) for value in values]
        _keep(name, kind, [each[0] for each in sorted_out], [each[1] for each in sorted_out], fields)
        if any(each[2] for each in sorted_out):
            misfits[MISFIT + name] = [each[2] for each in sorted_out]
    for name, texts in misfits.items():
        _add_misfits(name, texts, fields)


def _are_texts(values: Sequence[Any]) -> bool:
    """Return whether these are texts and lists of texts, none of them empty: nothing has to be looked at singly."""
    if not set(map(type, values)) <= _TEXTS_OR_LISTS:
        return False
    lists = [value for value in values if type(value) is list]
    return all(lists) and set(map(type, chain.from_iterable(lists))) == {str}


def _sorted_out(value: object, kind: FieldType) -> tuple[Scalar | None, list[Scalar] | None, list[str]]:
    """Return what a value is: a single one, a list, and what of it doesn't fit."""
    items = [item for item in (value if isinstance(value, list) else [value]) if item is not None]
    fitted = [_fitted_value(item, kind) for item in items]
    fitting = [each for each in fitted if each is not None]
    odd = [_text(item) for item, each in zip(items, fitted, strict=True) if each is None]
    if isinstance(value, list):
        return None, fitting or None, odd
    return fitting[0] if fitting else None, None, odd


def _keep(
    name: str,
    kind: FieldType,
    single: Sequence[Any],
    several: Sequence[list[Any] | None],
    fields: dict[Field, Piece],
) -> None:
    piece = _single(single, kind)
    if piece is not None and piece.present != 0:
        fields[Field(name, Kind.SINGLE, kind)] = piece
    if any(several):
        child = _single(list(chain.from_iterable(filter(None, several))), kind)
        if child is not None:
            lengths = array("i", [len(value or ()) for value in several])
            present = bits([value is not None for value in several]) if None in several else None
            fields[Field(name, Kind.LIST, kind)] = Lists(child, lengths, present)


def _add_misfits(name: str, texts: Sequence[list[str]], fields: dict[Field, Piece]) -> None:
    """Put misfits beside those that came with the events."""
    merged = [[*each] for each in texts]
    for kind in Kind:
        piece = fields.pop(Field(name, kind, FieldType.KEYWORD), None)
        for row, value in enumerate(piece.values() if piece else ()):
            merged[row] = [*(value if isinstance(value, list) else [] if value is None else [value]), *merged[row]]
    ones = [each[0] if len(each) == 1 else None for each in merged]
    _keep(name, FieldType.KEYWORD, ones, [each if len(each) > 1 else None for each in merged], fields)


def _fitted_value(value: object, kind: FieldType) -> Scalar | None:
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
