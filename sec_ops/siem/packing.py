"""Columns in little memory, as Arrow wants them: texts in one piece of UTF-8 and their lengths, numbers in arrays."""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import NoneType
from typing import Any, Final

from sec_ops.siem.events import Scalar

__all__ = [
    "Column",
    "Numbers",
    "Packed",
    "Ready",
    "Texts",
    "Value",
    "bits",
    "joined",
    "packed",
    "packed_columns",
    "some_texts",
    "whole_texts",
]

Value = Scalar | list[Scalar]
_TEXTS: Final = frozenset({str, NoneType})
_WHOLE: Final = {int}
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Texts:
    """A column of texts in one piece of UTF-8: less memory than as many objects, and what Arrow asks for.

    `lengths` are bytes, 0 where a row has no text; bit n of `present` says that row n has one, None that all have.
    """

    data: bytes
    lengths: "array[int]"
    present: int | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def values(self) -> list[str | None]:
        """Return the texts, None where a row has none."""
        texts: list[str | None] = [piece.decode() for piece in self._pieces(range(len(self)))]
        return texts if self.present is None else _missing(texts, self.present)

    def take(self, rows: Sequence[int]) -> "Texts":
        """Return the column of some rows."""
        lengths = array("i", [self.lengths[row] for row in rows])
        return Texts(b"".join(self._pieces(rows)), lengths, _chosen(self.present, len(self), rows))

    def _pieces(self, rows: Sequence[int]) -> list[bytes]:
        ends = list(accumulate(self.lengths))
        return [self.data[ends[row] - self.lengths[row] : ends[row]] for row in rows]


@dataclass(slots=True)
class Numbers:
    """A column of numbers, 0 where a row has none; `present` as in `Texts`."""

    data: "array[Any]"
    present: int | None = None

    def __len__(self) -> int:
        return len(self.data)

    def values(self) -> list[Any]:
        """Return the numbers, None where a row has none."""
        return self.data.tolist() if self.present is None else _missing(self.data, self.present)

    def take(self, rows: Sequence[int]) -> "Numbers":
        """Return the column of some rows."""
        data = array(self.data.typecode, [self.data[row] for row in rows])
        return Numbers(data, _chosen(self.present, len(self), rows))


def _missing(values: Sequence[Any], present: int) -> list[Any]:
    return [value if there else None for value, there in zip(values, _flags(present, len(values)), strict=True)]


def _chosen(present: int | None, length: int, rows: Sequence[int]) -> int | None:
    if present is None:
        return None
    flags = _flags(present, length)
    return bits([flags[row] for row in rows])


def _flags(present: int, length: int) -> list[bool]:
    return [digit == "1" for digit in reversed(f"{present:0{length}b}")]


Packed = Texts | Numbers


class Ready(Sequence[Any]):
    """A column that came packed, with a value in each row, as a sequence; its values are made when asked for."""

    __slots__ = ("_values", "packed")

    def __init__(self, packed: Packed) -> None:
        self.packed = packed
        self._values: list[Any] | None = None

    @property
    def kind(self) -> type:
        """Return the type of its values."""
        return str if isinstance(self.packed, Texts) else int

    def distinct(self) -> set[Any]:
        """Return its values; where all are the same, only that one is made."""
        packed = self.packed
        if isinstance(packed, Texts):
            first = packed.lengths[0]
            if packed.data == packed.data[:first] * len(packed) and packed.lengths == packed.lengths[:1] * len(packed):
                return {packed.data[:first].decode()}
        return set(self.values())

    def values(self) -> list[Any]:
        """Return its values."""
        if self._values is None:
            self._values = self.packed.values()
        return self._values

    def __len__(self) -> int:
        return len(self.packed)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values())

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - as a list does
        if index == 0 and self._values is None:
            packed = self.packed
            return packed.data[: packed.lengths[0]].decode() if isinstance(packed, Texts) else packed.data[0]
        return self.values()[index]


Column = Packed | Sequence[Value | None]
"""The values of one field, None where an event lacks it."""


def packed(values: Sequence[Value | None]) -> Column:
    """Return a column as it takes least memory: texts in one piece, whole numbers as such, all others as they are."""
    if isinstance(values, Ready):
        return values.packed
    if type(values[0]) is int:
        return _whole_numbers(values)
    try:
        return whole_texts(values)  # type: ignore[arg-type]
    except TypeError:
        return some_texts(values) if set(map(type, values)) <= _TEXTS else values  # type: ignore[arg-type]


def _whole_numbers(values: Sequence[Value | None]) -> Column:
    if set(map(type, values)) != _WHOLE:
        return values
    try:
        return Numbers(array("q", values))
    except OverflowError:
        return values


def packed_columns(columns: Mapping[str, Sequence[Value | None]]) -> dict[str, Column]:
    """Return columns packed; what is the same column under several names is packed once."""
    known: dict[int, Column] = {}
    for values in columns.values():
        if id(values) not in known:
            known[id(values)] = packed(values)
    return {name: known[id(values)] for name, values in columns.items()}


def some_texts(values: Sequence[str | None]) -> Texts:
    """Return a column of texts, some of which may be missing."""
    if None not in values:
        return whole_texts(values)  # type: ignore[arg-type]
    filled = whole_texts(["" if value is None else value for value in values])
    return Texts(filled.data, filled.lengths, bits([value is not None for value in values]))


def bits(flags: Sequence[object]) -> int:
    """Return a number whose bit n says whether flag n is set."""
    return int("".join(["1" if flag else "0" for flag in reversed(flags)]), 2)


def whole_texts(values: Sequence[str]) -> Texts:
    """Return a column of texts; raises TypeError when it holds something else."""
    joined = "".join(values)
    if joined.isascii():
        return Texts(joined.encode(), array("i", list(map(len, values))))
    encoded = list(map(_encoded, values))
    return Texts(b"".join(encoded), array("i", list(map(len, encoded))))


def _encoded(value: str) -> bytes:
    """Return UTF-8; half a surrogate pair, which no Unicode text has, becomes U+FFFD."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", value).encode()


def joined(columns: Sequence[Column]) -> Column:
    """Return columns one after the other."""
    texts = [column for column in columns if isinstance(column, Texts)]
    if len(texts) == len(columns):
        data = b"".join([column.data for column in texts])
        return Texts(data, _chained([column.lengths for column in texts]), _present(texts))
    numbers = [column for column in columns if isinstance(column, Numbers)]
    if len(numbers) == len(columns):
        return Numbers(_chained([column.data for column in numbers]), _present(numbers))
    return [value for column in columns for value in (column.values() if isinstance(column, Packed) else column)]


def _chained(arrays: Sequence["array[Any]"]) -> "array[Any]":
    chained = arrays[0][:]
    for each in arrays[1:]:
        chained += each
    return chained


def _present(columns: Sequence[Packed]) -> int | None:
    if all(column.present is None for column in columns):
        return None
    present = rows = 0
    for column in columns:
        whole = (1 << len(column)) - 1
        present |= (whole if column.present is None else column.present) << rows
        rows += len(column)
    return present
