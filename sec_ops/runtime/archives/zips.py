"""zip archives: the directory by `zipfile`, the contents by our own bounded decompressors."""

import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from sec_ops.model.messages import Message, message
from sec_ops.runtime.archives.compression import Decompressed
from sec_ops.runtime.archives.readers import Budget, Damaged, Plain, Reader, Refused

__all__ = ["ZipMember", "zip_members"]

_DIRECTORY_BOUND = 16 * 1024 * 1024
"""Bytes of a directory; in memory it grows twentyfold."""
_END_BYTES = 65_557
_KINDS = {zipfile.ZIP_DEFLATED: "deflate", zipfile.ZIP_BZIP2: "bz2", 93: "zst", 95: "xz"}
_LOCAL = struct.Struct("<4s22xHH")
_UTF8 = 0x800
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file in an archive: its reader, or why it isn't read."""

    name: str
    modified_ms: int | None
    reader: Reader | None
    reason: Message | None = None


def zip_members(file: IO[bytes], budget: Budget) -> Sequence[ZipMember]:
    """Return the files; raises Damaged for a broken directory, Refused for one that is too large."""
    _bound_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error, EOFError) as error:
        raise Damaged(message("the zip archive is broken: {reason}", reason=error)) from error
    return [_member(file, member, budget) for member in members if not member.is_dir()]


def _bound_directory(file: IO[bytes]) -> None:
    size = file.seek(0, 2)
    file.seek(max(size - _END_BYTES, 0))
    tail = file.read()
    directory = 0
    end = tail.rfind(b"PK\5\6")
    if end >= 0 and len(tail) >= end + 16:
        (directory,) = struct.unpack_from("<I", tail, end + 12)
    wide = tail.rfind(b"PK\6\6")
    if wide >= 0 and len(tail) >= wide + 48:
        directory = max(directory if directory != 0xFFFFFFFF else 0, *struct.unpack_from("<Q", tail, wide + 40))
    file.seek(0)
    if directory > _DIRECTORY_BOUND:
        raise Refused(message("it has too many members"))


def _member(file: IO[bytes], member: zipfile.ZipInfo, budget: Budget) -> ZipMember:
    name, modified_ms = _name(member), _modified_ms(member)
    if member.flag_bits & _ENCRYPTED:
        return ZipMember(name, modified_ms, None, message("it is encrypted"))
    if member.compress_type != zipfile.ZIP_STORED and member.compress_type not in _KINDS:
        reason = message("its compression method {method} is not known", method=member.compress_type)
        return ZipMember(name, modified_ms, None, reason)
    return ZipMember(name, modified_ms, _Content(file, member, budget))


class _Content:
    """A member's bytes; the checksum is compared at the end."""

    def __init__(self, file: IO[bytes], member: zipfile.ZipInfo, budget: Budget) -> None:
        self._file = file
        self._member = member
        self._budget = budget
        self._reader: Reader | None = None
        self._checksum = 0

    def read(self, size: int) -> bytes:
        if self._reader is None:
            self._reader = self._open()
        data = self._reader.read(size)
        self._checksum = zlib.crc32(data, self._checksum)
        if not data and self._checksum != self._member.CRC:
            raise Damaged(message("its checksum is another one"))
        return data

    def _open(self) -> Reader:
        try:
            self._file.seek(self._member.header_offset)
            signature, name_size, extra_size = _LOCAL.unpack(self._file.read(_LOCAL.size))
            if signature != b"PK\3\4":
                raise ValueError("no member begins there")
            self._file.seek(name_size + extra_size, 1)
        except (struct.error, ValueError, OSError, OverflowError) as error:
            raise Damaged(message("the zip archive is broken: {reason}", reason=error)) from error
        raw = _Checked(Plain(self._file, self._member.compress_size), self._member.compress_size)
        kind = _KINDS.get(self._member.compress_type)
        return Decompressed(raw, kind, self._budget) if kind else raw


class _Checked:
    """Stored bytes that have to come in full."""

    def __init__(self, source: Plain, size: int) -> None:
        self._source = source
        self._size = size

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        if not data and self._source.given < self._size:
            raise Damaged(message("the zip archive is cut off"))
        return data


def _name(member: zipfile.ZipInfo) -> str:
    """Return the member's name; without a mark for UTF-8, Chinese programs write GBK."""
    if member.flag_bits & _UTF8 or member.filename.isascii():
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _modified_ms(member: zipfile.ZipInfo) -> int | None:
    try:
        return int(datetime(*member.date_time, tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None
