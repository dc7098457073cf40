"""Lines of flat JSON read straight into columns by the compiled library, where it was built (ADR 65).

A batch is read so or not at all: one line that is in any way unusual (nested, a number that is not whole, half a
surrogate pair, no JSON) leaves all of them to the ordinary way, which gives the same events.
"""

import ctypes
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from sec_ops.runtime.compiled.library import library
from sec_ops.siem.packing import Numbers, Ready, Texts
from sec_ops.siem.parse.pieces import RECORD_BOUND

__all__ = ["ReadLot", "read_lots"]

_TEXT, _NUMBER = 0, 1
_WORD: Final = 8
_BOUND: Final = 2**31


@dataclass(frozen=True, slots=True)
class ReadLot:
    """Lines of a batch, by their numbers, that have the same names and types of values: a column for each name."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[Any]]


def read_lots(records: Sequence[bytes]) -> list[ReadLot] | None:
    """Return the columns of records; None where there is no library, or a record is not what it reads."""
    compiled = library()
    if compiled is None or not records or not all(map(_begins, records)) or max(map(len, records)) > RECORD_BOUND:
        return None
    ends = array("I", accumulate(map(len, records)))
    if ends[-1] >= _BOUND:
        return None
    with _columns(compiled, b"".join(records), ends) as found:
        return None if found is None else list(_lots(found))


def _begins(record: bytes) -> bool:
    return record[:1] == b"{"


@contextmanager
def _columns(compiled: ctypes.CDLL, data: bytes, ends: "array[int]") -> Iterator[memoryview | None]:
    handle = compiled.columns_new(data, len(data), ends.buffer_info()[0], len(ends))
    if not handle:
        yield None
        return
    try:
        size = compiled.columns_size(handle)
        out = (ctypes.c_char * max(size, 1))()
        written = compiled.columns_write(handle, out, size)
    finally:
        compiled.columns_free(handle)
    yield memoryview(out).cast("B") if size > 0 and written == size else None


def _lots(data: memoryview) -> Iterator[ReadLot]:
    (length,) = data[:_WORD].cast("q")
    head = data[: length * _WORD].cast("q").tolist()
    at, place = length * _WORD, 2
    for _ in range(head[1]):
        rows, columns = head[place], head[place + 1]
        place += 2
        numbers, at = data[at : at + rows * _WORD].cast("q").tolist(), at + rows * _WORD
        found: list[Sequence[Any]] = []
        for kind, size in zip(
            head[place : place + 2 * columns : 2], head[place + 1 : place + 2 * columns : 2], strict=True
        ):
            if kind == _TEXT:
                lengths = array("i")
                lengths.frombytes(data[at : at + 4 * rows])
                at += 4 * rows
                found.append(Ready(Texts(bytes(data[at : at + size]), lengths)))
                at += size
            elif kind == _NUMBER:
                whole = array("q")
                whole.frombytes(data[at : at + _WORD * rows])
                at += _WORD * rows
                found.append(Ready(Numbers(whole)))
            else:
                found.append([None] * rows)
        place += 2 * columns
        yield ReadLot(numbers, found)
