"""gzip, xz, Zstandard, bzip2 and bare deflate as streams of bounded memory, members one after the other.

Magic numbers: RFC 1952 §2.3.1, RFC 8878 §3.1, the .xz file format 1.2 §2.1.1.1, bzip2's `BZh`.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

import zstandard

from sec_ops.model.messages import message
from sec_ops.runtime.archives.readers import Budget, Damaged, Reader, read_exactly

__all__ = ["MAGIC_BYTES", "Decompressed", "compression_of"]

MAGIC_BYTES = 6
_INPUT = 64 * 1024
_MEMORY_BOUND = 256 * 1024 * 1024
_WINDOW_BOUND = 128 * 1024 * 1024
_ZSTD_SLICE = 2 * 1024
"""At most 512 blocks of 128 KiB come out of so few bytes: the library has no bound of its own."""


class _Codec(Protocol):
    """One member of a compressed stream."""

    @property
    def hungry(self) -> bool:
        """Return whether it has to be given more before more can come."""
        ...

    @property
    def ended(self) -> bool:
        """Return whether the member is whole."""
        ...

    def rest(self) -> bytes:
        """Return what follows the member's end of what was given."""
        ...

    def take(self, data: bytes, size: int) -> bytes:
        """Return about `size` bytes of what is in there."""
        ...


class _Deflate:
    def __init__(self, window_bits: int) -> None:
        self._codec = zlib.decompressobj(window_bits)
        self._full = False

    @property
    def hungry(self) -> bool:
        return not self._codec.unconsumed_tail and not self._full

    @property
    def ended(self) -> bool:
        return self._codec.eof

    def rest(self) -> bytes:
        return self._codec.unused_data

    def take(self, data: bytes, size: int) -> bytes:
        plain = self._codec.decompress(self._codec.unconsumed_tail + data, size)
        self._full = len(plain) == size
        return plain


class _Bounded:
    """bz2 and lzma, whose decompressors are alike."""

    def __init__(self, codec: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._codec = codec

    @property
    def hungry(self) -> bool:
        return self._codec.needs_input

    @property
    def ended(self) -> bool:
        return self._codec.eof

    def rest(self) -> bytes:
        return self._codec.unused_data

    def take(self, data: bytes, size: int) -> bytes:
        return self._codec.decompress(data, size)


class _Zstandard:
    def __init__(self) -> None:
        self._codec = zstandard.ZstdDecompressor(max_window_size=_WINDOW_BOUND).decompressobj()
        self._waiting = b""

    @property
    def hungry(self) -> bool:
        return not self._waiting

    @property
    def ended(self) -> bool:
        return self._codec.eof

    def rest(self) -> bytes:
        return self._codec.unused_data + self._waiting

    def take(self, data: bytes, size: int) -> bytes:  # noqa: ARG002 - a slice's output is bounded by its input
        waiting = self._waiting + data
        plain, position = b"", 0
        while not plain and position < len(waiting) and not self._codec.eof:
            plain = self._codec.decompress(waiting[position : position + _ZSTD_SLICE])
            position += _ZSTD_SLICE
        self._waiting = waiting[position:]
        return plain


_CODECS: Mapping[str, Callable[[], _Codec]] = {
    "gz": lambda: _Deflate(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Deflate(-zlib.MAX_WBITS),
    "xz": lambda: _Bounded(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY_BOUND)),
    "bz2": lambda: _Bounded(bz2.BZ2Decompressor()),
    "zst": _Zstandard,
}
_FAULTS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)


def compression_of(head: bytes) -> str:
    """Return `gz`, `xz`, `zst` or `bz2` by the first bytes of a stream, empty when it is none of them."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F):
        return "zst"
    return "bz2" if head[:3] == b"BZh" and head[3:4] in b"123456789" and len(head) > 3 else ""


class Decompressed:
    """What lies in a compressed stream."""

    def __init__(self, source: Reader, kind: str, budget: Budget) -> None:
        self._source = source
        self._kind = kind
        self._budget = budget
        self._codec = _CODECS[kind]()
        self._given = b""
        self._plain = b""
        self._over = False
        self._damage: Damaged | None = None

    def read(self, size: int) -> bytes:
        """Return the next bytes; raises Damaged where the stream is cut off or broken, Refused for a bomb."""
        while not self._plain and not self._over:
            if self._damage:
                raise self._damage
            try:
                self._advance(size)
            except Damaged as error:
                self._damage = error
                raise
        data, self._plain = self._plain[:size], self._plain[size:]
        return data

    def _advance(self, size: int) -> None:
        if self._codec.ended:
            self._next_member()
        else:
            self._plain = self._decompressed(size)
            self._budget.spend(len(self._plain))

    def _decompressed(self, size: int) -> bytes:
        data, self._given = self._given, b""
        if self._codec.hungry and not data:
            data = self._source.read(_INPUT)
            if not data:
                raise Damaged(message("it is cut off: the compressed stream has no end"))
        try:
            return self._codec.take(data, size)
        except _FAULTS as error:
            raise Damaged(message("it can't be decompressed: {reason}", reason=error)) from error

    def _next_member(self) -> None:
        rest = self._codec.rest().lstrip(b"\0")
        if len(rest) < MAGIC_BYTES:
            rest = (rest + read_exactly(self._source, _INPUT)).lstrip(b"\0")
        if not rest:
            self._over = True
        elif compression_of(rest[:MAGIC_BYTES]) == self._kind:
            self._codec, self._given = _CODECS[self._kind](), rest
        else:
            raise Damaged(message("something else follows the compressed stream"))
