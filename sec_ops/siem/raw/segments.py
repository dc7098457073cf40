"""Segments: files of zstd frames that hold a line about the segment, then batches.

A frame is flushed to a whole block at every commit, so that what is acknowledged can be decoded however the file ends,
and small batches are compressed with what came before them. A writer that comes back to a segment which ended well adds
a frame; after a torn tail it begins a new segment, whose line says up to where the one before counts.
"""

import errno
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from sec_ops.model.canonical import canonical_line
from sec_ops.runtime.files import sync_folder
from sec_ops.siem.raw.batches import Decoder, Stored, TornBatch
from sec_ops.siem.raw.layout import segment_path

__all__ = ["SegmentHeader", "SegmentReader", "SegmentWriter", "read_header"]

LEVEL = 3
FORMAT = "sec-ops/raw-log/1"
_CHUNK = 256 * 1024
_HEADER_CHUNK = 512
_HEADER_BOUND = 64 * 1024
_SPARE_BYTES = 1024 * 1024
"""Left on the disk for what comes after a write: the state, the end of a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """The line at a segment's beginning: `first` is its first batch's sequence, `previous` what that is chained to.

    `day` is the UTC day on which it was begun; everything in it was received on that day or before.
    """

    stream: str
    segment: int
    first: int
    previous: str
    day: str
    format: str = FORMAT

    def line(self) -> bytes:
        """Return the canonical line."""
        return canonical_line(asdict(self))


class SegmentWriter:
    """Appends to one segment; one thread at a time. Every method may raise OSError: the segment is then given up."""

    def __init__(self, path: Path, header: SegmentHeader) -> None:
        self.path = path
        self.header = header
        self._compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size

    @classmethod
    def begin(cls, stream: Path, header: SegmentHeader) -> "SegmentWriter":
        """Make a new segment; it has its line from the moment it has its name."""
        path = segment_path(stream, header.segment)
        draft = path.with_name(f".{path.name}.draft")
        with draft.open("wb") as output:
            os.fchmod(output.fileno(), 0o600)
            output.write(zstandard.ZstdCompressor(level=LEVEL).compress(header.line()))
            output.flush()
            os.fsync(output.fileno())
        draft.rename(path)
        sync_folder(stream)
        return cls(path, header)

    def append(self, parts: Sequence[bytes]) -> None:
        """Write batches and return when they are on disk."""
        written = [self._compressor.compress(part) for part in parts]
        written.append(self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        data = b"".join(written)
        # Batches written before the disk was full would count, though the caller is told that none was.
        self._refuse_without_room(len(data))
        self._write(data)

    def finish(self) -> None:
        """End the frame, so that the segment may be gone on with, and close the file."""
        self._write(self._compressor.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
        self.abandon()

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _refuse_without_room(self, size: int) -> None:
        room = os.fstatvfs(self._descriptor)
        if room.f_blocks and room.f_bavail * room.f_frsize < size + _SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        os.fdatasync(self._descriptor)
        self.size += len(data)


class SegmentReader:
    """Reads the whole batches of a segment, also while it grows.

    `fault` says why the rest of the file can't be read, if so. What `batches` yields is on disk: it syncs the file
    first, so that nobody builds on bytes that a power loss may still take.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] = path.open("rb")
        self._frames = _Frames()
        self._offset = 0
        self._synced = 0
        self.fault = ""
        header, rest = self._read_header()
        self.header = header
        self.decoder = Decoder(previous=bytes.fromhex(header.previous), sequence=header.first - 1)
        self._rest = rest

    @property
    def whole(self) -> bool:
        """Return whether everything that was read so far is whole frames of whole batches."""
        return not self.fault and self._frames.between and self.decoder.leftover == 0

    @property
    def offset(self) -> int:
        """Return how many bytes of the file were read."""
        return self._offset

    def batches(self) -> Iterator[Stored]:
        """Yield what is there and was not yielded yet."""
        if self._rest:
            rest, self._rest = self._rest, b""
            yield from self._decoded(rest)
        while not self.fault and (chunk := self._chunk()):
            yield from self._decoded(self._plain(chunk))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _chunk(self) -> bytes:
        chunk = self._file.read(_CHUNK)
        if chunk and self._offset + len(chunk) > self._synced:
            size = os.fstat(self._file.fileno()).st_size
            os.fdatasync(self._file.fileno())
            self._synced = size
        return chunk

    def _plain(self, chunk: bytes) -> bytes:
        try:
            plain = self._frames.feed(chunk)
        except zstandard.ZstdError as error:
            self.fault = str(error)
            return self._replayed(chunk)
        self._offset += len(chunk)
        return plain

    def _replayed(self, chunk: bytes) -> bytes:
        """Return what the bytes before the damage say: the library keeps nothing of a call that failed."""
        self._frames = _Frames()
        with self.path.open("rb") as again:
            remaining = self._offset
            while remaining:
                part = again.read(min(remaining, _CHUNK))
                self._frames.feed(part)
                remaining -= len(part)
        plain = bytearray()
        for position in range(len(chunk)):
            try:
                plain += self._frames.feed(chunk[position : position + 1])
            except zstandard.ZstdError:
                break
            self._offset += 1
        return bytes(plain)

    def _decoded(self, plain: bytes) -> Iterator[Stored]:
        try:
            yield from self.decoder.feed(plain)
        except TornBatch as error:
            self.fault = str(error)

    def _read_header(self) -> tuple[SegmentHeader, bytes]:
        plain = b""
        while b"\n" not in plain and len(plain) < _HEADER_BOUND:
            chunk = self._file.read(_HEADER_CHUNK)
            if not chunk:
                break
            plain += self._plain(chunk)
        line, found, rest = plain.partition(b"\n")
        try:
            if not found:
                raise ValueError("no line")
            document: dict[str, Any] = json.loads(line)
            header = SegmentHeader(**document)
            bytes.fromhex(header.previous)
        except (ValueError, TypeError, RecursionError) as error:
            self._file.close()
            raise TornBatch(f"{self.path}: no segment of {FORMAT}: {error}") from error
        return header, rest


def read_header(path: Path) -> SegmentHeader:
    """Return a segment's line; raises TornBatch, OSError."""
    reader = SegmentReader(path)
    reader.close()
    return reader.header


class _Frames:
    """Decompresses frames that follow each other."""

    def __init__(self) -> None:
        self._current = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False

    @property
    def between(self) -> bool:
        """Return whether no frame is open."""
        return not self._begun

    def feed(self, data: bytes) -> bytes:
        """Return the plain bytes; raises ZstdError."""
        plain = []
        while data:
            self._begun = True
            plain.append(self._current.decompress(data))
            if not self._current.eof:
                break
            data = self._current.unused_data
            self._current = zstandard.ZstdDecompressor().decompressobj()
            self._begun = False
        return b"".join(plain)
