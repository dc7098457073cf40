"""Arrow buffers of columns without building full-length lists: a missing value is a repeated offset and a clear bit.

Layout: Arrow columnar format 1.5, variable-size binary, fixed-size primitive and variable-size list layouts.
"""

import re
from array import array
from collections.abc import Iterator, Mapping
from itertools import accumulate, chain
from typing import Any

import nanoarrow as na

from sec_ops.siem.embedded.fields import Field, Kind
from sec_ops.siem.embedded.shaping import Runs
from sec_ops.siem.events import FieldType

__all__ = ["ArrowRows", "TooLarge", "arrow_column", "integers", "python_columns", "texts"]

_BYTES_BOUND = 2**31 - 1
"""Text of one column in bytes: what 32-bit offsets can tell."""
_SURROGATES = re.compile("[\ud800-\udfff]")


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


def arrow_column(field: Field, runs: Runs, length: int) -> Any:  # noqa: ANN401 - nanoarrow's arrays have no public type
    """Return the column of a field for `length` rows; booleans are bytes of 0 and 1. Raises TooLarge."""
    if field.kind is Kind.SINGLE:
        return _singles(field.type, runs, length)
    flat = list(chain.from_iterable(runs.values))
    child = _singles(field.type, Runs([(0, len(flat))], flat), len(flat))
    offsets = _spread_offsets(array("i", accumulate(map(len, runs.values), initial=0)), runs, length)
    kind = na.list_(na.Schema(child.schema))
    return na.c_array_from_buffers(kind, length, [_validity(runs, length), offsets], children=[child])


def texts(values: list[str]) -> Any:  # noqa: ANN401 - see above
    """Return a column of texts, one a row."""
    return _singles(FieldType.KEYWORD, Runs([(0, len(values))], values), len(values))


def integers(values: list[int]) -> Any:  # noqa: ANN401 - see above
    """Return a column of integers, one a row."""
    return _singles(FieldType.LONG, Runs([(0, len(values))], values), len(values))


def _singles(kind: FieldType, runs: Runs, length: int) -> Any:  # noqa: ANN401 - see above
    match kind:
        case FieldType.LONG | FieldType.DATE:
            return _numbers(na.int64(), array("q", runs.values), runs, length)
        case FieldType.DOUBLE:
            return _numbers(na.float64(), array("d", runs.values), runs, length)
        case FieldType.BOOLEAN:
            return _numbers(na.uint8(), array("B", runs.values), runs, length)
    data, offsets = _utf8(runs)
    spread = _spread_offsets(offsets, runs, length)
    return na.c_array_from_buffers(
        na.string(), length, [_validity(runs, length), spread, data], validation_level="none"
    )


def _utf8(runs: Runs) -> tuple[bytes, "array[int]"]:
    values = runs.values
    joined = "".join(values) if runs.joined is None else runs.joined
    if joined.isascii():
        data, lengths = joined.encode(), map(len, values)
    else:
        encoded = [_encoded(value) for value in values]
        data, lengths = b"".join(encoded), map(len, encoded)
    if len(data) > _BYTES_BOUND:
        raise TooLarge
    return data, array("i", list(accumulate(lengths, initial=0)))


def _encoded(value: str) -> bytes:
    """Return UTF-8; half a surrogate pair, which no Unicode text has, becomes U+FFFD."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", value).encode()


def _numbers(kind: Any, values: "array[Any]", runs: Runs, length: int) -> Any:  # noqa: ANN401 - see above
    if len(values) == length:
        return na.c_array_from_buffers(kind, length, [None, values], null_count=0)
    spread = array(values.typecode)
    taken = 0
    for first, count in runs.runs:
        spread.frombytes(bytes((first - len(spread)) * values.itemsize))
        spread += values[taken : taken + count]
        taken += count
    spread.frombytes(bytes((length - len(spread)) * values.itemsize))
    return na.c_array_from_buffers(kind, length, [_validity(runs, length), spread])


def _spread_offsets(offsets: "array[int]", runs: Runs, length: int) -> "array[int]":
    """Return offsets for every row: those without a value begin and end where the one before ends."""
    if len(offsets) == length + 1:
        return offsets
    spread = array("i")
    taken = 0
    for first, count in runs.runs:
        spread += offsets[taken : taken + 1] * (first - len(spread))
        spread += offsets[taken : taken + count]
        taken += count
    return spread + offsets[-1:] * (length + 1 - len(spread))


def _validity(runs: Runs, length: int) -> bytes | None:
    if runs.runs == [(0, length)]:
        return None
    bits = 0
    for first, count in runs.runs:
        bits |= ((1 << count) - 1) << first
    return bits.to_bytes((length + 7) // 8, "little")


def python_columns(stream: Any) -> Iterator[tuple[int, list[list[Any] | None]]]:  # noqa: ANN401 - see above
    """Yield the batches of an Arrow stream: how many rows, and the values of each column, None for an empty one."""
    for batch in na.ArrayStream(stream):
        columns = [batch.child(place) for place in range(batch.schema.n_fields)]
        yield len(batch), [_python_column(column) for column in columns]


def _python_column(column: Any) -> list[Any] | None:  # noqa: ANN401 - see above
    nulls = sum(chunk.null_count for chunk in column.iter_chunk_views())
    return None if nulls == len(column) else column.to_pylist()
