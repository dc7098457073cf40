"""Arrow buffers of columns without building full-length lists: a missing value is a repeated offset and a clear bit.

Layout: Arrow columnar format 1.5, variable-size binary, fixed-size primitive and variable-size list layouts.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import nanoarrow as na

from sec_ops.siem.embedded.fields import Field, Kind
from sec_ops.siem.embedded.shaping import Lists, Piece, Pieces
from sec_ops.siem.packing import Numbers, Texts, whole_texts

__all__ = ["ArrowRows", "TooLarge", "arrow_column", "integers", "numbered_texts", "python_columns", "texts"]

_BYTES_BOUND = 2**31 - 1
"""Text of one column in bytes: what 32-bit offsets can tell."""
_TYPES = {"q": na.int64, "d": na.float64, "B": na.uint8}


class TooLarge(Exception):
    """Rows have more text than one file may hold: write fewer of them at a time."""


class ArrowRows:
    """Columns of equal length as one table that DuckDB reads (Arrow PyCapsule interface)."""

    def __init__(self, length: int, columns: Mapping[str, Any]) -> None:
        schema = na.struct({name: na.Schema(column.schema) for name, column in columns.items()})
        children = list(columns.values())
        self._array = na.c_array_from_buffers(schema, length, [None], null_count=0, children=children)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the capsule of a stream with one batch."""
        return na.c_array_stream(self._array).__arrow_c_stream__(requested_schema)


def arrow_column(field: Field, pieces: Pieces, length: int) -> Any:  # noqa: ANN401 - nanoarrow's arrays have no public type
    """Return the column of a field for `length` rows; booleans are bytes of 0 and 1. Raises TooLarge."""
    if field.kind is Kind.SINGLE:
        return _singles(pieces, length)
    lists = [(first, piece) for first, piece in pieces if isinstance(piece, Lists)]
    offsets, values = _offsets(lists, length), sum(len(piece.child) for _, piece in lists)
    starts = accumulate((len(piece.child) for _, piece in lists), initial=0)
    child = _singles([(start, piece.child) for start, (_, piece) in zip(starts, lists, strict=False)], values)
    kind = na.list_(na.Schema(child.schema))
    return na.c_array_from_buffers(kind, length, [_validity(pieces, length), offsets], children=[child])


def texts(column: Texts) -> Any:  # noqa: ANN401 - see above
    """Return a column of texts, one a row."""
    return _singles([(0, column)], len(column))


def integers(values: "array[int]") -> Any:  # noqa: ANN401 - see above
    """Return a column of integers, one a row."""
    return _singles([(0, Numbers(values))], len(values))


def numbered_texts(numbers: Mapping[int, Mapping[str, int]]) -> ArrowRows:
    """Return texts `v` and their numbers `i`, those of each map by its `place`. Raises TooLarge."""
    places = array("q")
    for place, known in numbers.items():
        places += array("q", [place]) * len(known)
    values = [text for known in numbers.values() for text in known]
    given = array("q", [number for known in numbers.values() for number in known.values()])
    return ArrowRows(len(places), {"place": integers(places), "v": texts(whole_texts(values)), "i": integers(given)})


def _singles(pieces: Pieces, length: int) -> Any:  # noqa: ANN401 - see above
    numbers = [(first, piece) for first, piece in pieces if isinstance(piece, Numbers)]
    if numbers:
        values = _spread_numbers(numbers, length)
        return na.c_array_from_buffers(_TYPES[values.typecode](), length, [_validity(pieces, length), values])
    words = [(first, piece) for first, piece in pieces if isinstance(piece, Texts)]
    data = b"".join([piece.data for _, piece in words])
    if len(data) > _BYTES_BOUND:
        raise TooLarge
    buffers = [_validity(pieces, length), _offsets(words, length), data]
    return na.c_array_from_buffers(na.string(), length, buffers, validation_level="none")


def _offsets(pieces: Sequence[tuple[int, Texts | Lists]], length: int) -> "array[int]":
    """Return offsets for every row: those without a value begin and end where the one before ends."""
    lengths = array("i")
    for _, piece in pieces:
        lengths += piece.lengths
    offsets = array("i", list(accumulate(lengths, initial=0)))
    if len(lengths) == length:
        return offsets
    spread = array("i")
    taken = 0
    for first, count in _runs(pieces):
        spread += offsets[taken : taken + 1] * (first - len(spread))
        spread += offsets[taken : taken + count]
        taken += count
    return spread + offsets[-1:] * (length + 1 - len(spread))


def _spread_numbers(pieces: Sequence[tuple[int, Numbers]], length: int) -> "array[Any]":
    spread = array(pieces[0][1].data.typecode)
    for first, piece in pieces:
        spread.frombytes(bytes((first - len(spread)) * spread.itemsize))
        spread += piece.data
    spread.frombytes(bytes((length - len(spread)) * spread.itemsize))
    return spread


def _runs(pieces: Sequence[tuple[int, Piece]]) -> Iterator[tuple[int, int]]:
    """Yield first row and length of what follows each other without a gap."""
    begun = end = 0
    for first, piece in pieces:
        if first > end:
            if end > begun:
                yield begun, end - begun
            begun = first
        end = first + len(piece)
    yield begun, end - begun


def _validity(pieces: Pieces, length: int) -> bytes | None:
    runs = list(_runs(pieces))
    if runs == [(0, length)] and all(piece.present is None for _, piece in pieces):
        return None
    bits = 0
    for first, count in runs:
        bits |= ((1 << count) - 1) << first
    for first, piece in pieces:
        if piece.present is not None:
            bits ^= (((1 << len(piece)) - 1) ^ piece.present) << first
    return bits.to_bytes((length + 7) // 8, "little")


def python_columns(stream: Any) -> Iterator[tuple[int, list[list[Any] | None]]]:  # noqa: ANN401 - see above
    """Yield the batches of an Arrow stream: how many rows, and the values of each column, None for an empty one."""
    for batch in na.ArrayStream(stream):
        columns = [batch.child(place) for place in range(batch.schema.n_fields)]
        yield len(batch), [_python_column(column) for column in columns]


def _python_column(column: Any) -> list[Any] | None:  # noqa: ANN401 - see above
    nulls = sum(chunk.null_count for chunk in column.iter_chunk_views())
    return None if nulls == len(column) else column.to_pylist()
