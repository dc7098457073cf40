"""The texts of Parquet columns read page by page: each distinct text of a row group once, whatever its rows are.

DuckDB keeps the distinct texts of a row group's column in a dictionary page before the rows, which point into it. Its
scan has to look at each row; here the dictionary alone is read. Where a column has too many texts for a dictionary,
its data pages hold all of them one after the other. Where something lies in another way the answer is that nothing is
known, and whoever asks has to scan.

Source: Parquet format 2.11, "File format", "Encodings" (PLAIN, RLE_DICTIONARY, DELTA_LENGTH_BYTE_ARRAY) and
parquet.thrift (PageHeader); Thrift compact protocol.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from struct import Struct, error
from typing import TYPE_CHECKING, Any, Final

import zstandard

from sec_ops.runtime.files import storage_error
from sec_ops.siem.embedded.engine import engine_errors

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Pages"]

_QUERY: Final = """
SELECT file_name, path_in_schema, encodings, compression, dictionary_page_offset, data_page_offset,
    total_compressed_size
FROM parquet_metadata(?) WHERE type = 'BYTE_ARRAY' AND stats_null_count IS DISTINCT FROM num_values
"""
_CODEC: Final = "ZSTD"
_DICTIONARY, _LENGTHS_FIRST = "RLE_DICTIONARY", "DELTA_LENGTH_BYTE_ARRAY"
_LENGTH: Final = Struct("<I")
_PAGE_BOUND: Final = 1024 * 1024 * 1024
_SIZE, _PACKED = 2, 3
"""Fields of a page's header: its size in bytes, and its size compressed."""
_STOP, _TRUE, _FALSE, _INTEGERS, _BINARY, _STRUCT = 0, 1, 2, (3, 4, 5, 6), 8, 12
_ODD: Final = (ValueError, KeyError, IndexError, error, zstandard.ZstdError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Where a row group keeps a column of texts: from `first`, its dictionary up to `data`, all up to `end` (bytes)."""

    column: str
    first: int
    data: int
    end: int
    in_dictionary: bool
    readable: bool


class Pages:
    """The pages of texts of some files. All methods raise EngineError or StorageError."""

    def __init__(self, engine: "DuckDBPyConnection", folder: Path, paths: Sequence[Path]) -> None:
        self._engine = engine
        self._folder = folder
        self._paths = paths
        self._chunks: Mapping[Path, Sequence[_Chunk]] | None = None

    def texts(self, columns: Collection[str]) -> Mapping[str, Sequence[str] | None]:
        """Return the texts of columns, each once; None for a column that must be scanned to know."""
        known: dict[str, set[bytes]] = {column: set() for column in columns}
        for chunk, page in self._pages(columns):
            if chunk.column in known and not _take(known[chunk.column], chunk, page):
                del known[chunk.column]
        return {column: _decoded(known[column]) if column in known else None for column in columns}

    def holding(self, columns: Collection[str], holds: Callable[[bytes], bool]) -> frozenset[str]:
        """Return those of the columns with a page that `holds` says yes to, and those that must be scanned to know."""
        held: set[str] = set()
        for chunk, page in self._pages(columns):
            if chunk.column not in held and (page is None or holds(page)):
                held.add(chunk.column)
        return frozenset(held)

    def _pages(self, columns: Collection[str]) -> Iterator[tuple[_Chunk, bytes | None]]:
        """Yield pages in which texts stand whole, all of them in those of a column; None for what can't be read so."""
        if self._chunks is None:
            self._chunks = self._found()
        wanted = frozenset(columns)
        for path, chunks in self._chunks.items():
            yield from _opened(path, [chunk for chunk in chunks if chunk.column in wanted])

    def _found(self) -> Mapping[Path, Sequence[_Chunk]]:
        found: dict[str, list[_Chunk]] = {}
        with engine_errors(self._folder):
            rows = self._engine.cursor().execute(_QUERY, [list(map(str, self._paths))]).fetchall()
        for name, column, encodings, codec, dictionary, data, size in rows:
            first = dictionary or data
            chunk = _Chunk(
                column=column,
                first=first,
                data=data,
                end=first + size,
                in_dictionary=encodings == _DICTIONARY and bool(dictionary),
                readable=codec == _CODEC and encodings in (_DICTIONARY, _LENGTHS_FIRST),
            )
            found.setdefault(name, []).append(chunk)
        return {Path(name): chunks for name, chunks in found.items()}


def _take(known: set[bytes], chunk: _Chunk, page: bytes | None) -> bool:
    """Add the texts of a dictionary; return whether it was one."""
    if page is None or not chunk.in_dictionary:
        return False
    try:
        known.update(_plain(page))
    except error:
        return False
    return True


def _decoded(known: set[bytes]) -> list[str] | None:
    try:
        return [text.decode() for text in known]
    except UnicodeDecodeError:
        return None


def _opened(path: Path, chunks: Sequence[_Chunk]) -> Iterator[tuple[_Chunk, bytes | None]]:
    codec = zstandard.ZstdDecompressor()
    try:
        with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
            for chunk in chunks:
                end = chunk.data if chunk.in_dictionary else chunk.end
                yield from ((chunk, page) for page in _unpacked(data, chunk, end, codec))
    except OSError as fault:
        raise storage_error(path, fault) from fault


def _unpacked(data: mmap, chunk: _Chunk, end: int, codec: Any) -> Iterator[bytes | None]:  # noqa: ANN401 - a decompressor
    """Yield the pages of a chunk up to an end, None in place of what can't be read."""
    at = chunk.first
    while at < end:
        try:
            header, at = _integers(data, at)
            size, packed = header[_SIZE], header[_PACKED]
            if not chunk.readable or not 0 <= size <= _PAGE_BOUND or not 0 <= packed <= end - at:
                raise ValueError(size)
            yield codec.decompress(data[at : at + packed], max_output_size=size) if size else b""
            at += packed
        except _ODD:
            yield None
            return


def _plain(page: bytes) -> list[bytes]:
    """Return texts, each behind its length; raises struct.error."""
    at, size, read = 0, len(page), _LENGTH.unpack_from
    found = []
    while at < size:
        (length,) = read(page, at)
        at += 4 + length
        found.append(page[at - length : at])
    return found


def _integers(data: mmap, at: int) -> tuple[Mapping[int, int], int]:
    """Return the integers of a struct by their numbers, and where it ends; raises ValueError, IndexError."""
    found: dict[int, int] = {}
    number = 0
    while (head := data[at]) != _STOP:
        at, kind = at + 1, head & 15
        if head >> 4:
            number += head >> 4
        else:
            number, at = _signed(data, at)
        if kind in _INTEGERS:
            found[number], at = _signed(data, at)
        elif kind == _STRUCT:
            _, at = _integers(data, at)
        elif kind == _BINARY:
            length, at = _unsigned(data, at)
            at += length
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(kind)
    return found, at + 1


def _signed(data: mmap, at: int) -> tuple[int, int]:
    value, at = _unsigned(data, at)
    return value >> 1 ^ -(value & 1), at


def _unsigned(data: mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
