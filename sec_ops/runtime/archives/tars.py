"""tar archives as a stream (POSIX.1-2017 pax, ustar, GNU long names): names and contents, nothing on disk."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from sec_ops.model.messages import message
from sec_ops.runtime.archives.readers import CHUNK, Damaged, Reader, read_exactly

__all__ = ["TarMember", "is_tar", "tar_members"]

_BLOCK = tarfile.BLOCKSIZE
_LONG_NAME_BOUND = 64 * 1024
_REGULAR = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})


@dataclass(frozen=True, slots=True)
class TarMember:
    """A regular file in an archive; its reader is good until the next member is asked for."""

    name: str
    modified_ms: int
    reader: Reader


def is_tar(head: bytes) -> bool:
    """Return whether a stream that begins so is a tar archive."""
    if len(head) < _BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def tar_members(source: Reader) -> Iterator[TarMember]:
    """Yield the regular files; raises Damaged where the archive is cut off or broken."""
    name, size = "", None
    while header := _header(source):
        content = _Content(source, header.size)
        if header.type == tarfile.GNUTYPE_LONGNAME:
            name = _text(content.all())
        elif header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            pax = _pax(content.all())
            name, size = pax.get("path", name), _number(pax.get("size"))
        elif header.type in _REGULAR:
            content = _Content(source, header.size if size is None else size)
            yield TarMember(name or header.name, int(header.mtime) * 1000, content)
            name, size = "", None
        else:
            name, size = "", None
        content.skip()


def _header(source: Reader) -> tarfile.TarInfo | None:
    block = read_exactly(source, _BLOCK)
    if not block.strip(b"\0"):
        return None
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise Damaged(message("the tar archive is broken: {reason}", reason=error)) from error


class _Content:
    """A member's bytes, then the padding up to a whole block."""

    def __init__(self, source: Reader, size: int) -> None:
        self._source = source
        self._left = max(size, 0)
        self._padding = -max(size, 0) % _BLOCK

    def read(self, size: int) -> bytes:
        data = self._source.read(min(size, self._left)) if self._left else b""
        if self._left and not data:
            raise Damaged(message("the tar archive is cut off"))
        self._left -= len(data)
        return data

    def all(self) -> bytes:
        if self._left > _LONG_NAME_BOUND:
            raise Damaged(message("the tar archive is broken: {reason}", reason="long name"))
        return read_exactly(self, self._left)

    def skip(self) -> None:
        while self.read(CHUNK):
            pass
        read_exactly(self._source, self._padding)
        self._padding = 0


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _pax(data: bytes) -> dict[str, str]:
    """Return the records of a pax header, each `LENGTH KEY=VALUE` and a line feed, as far as they can be read."""
    records = {}
    while data:
        length, _, _ = data.partition(b" ")
        size = _number(_text(length)) or 0
        key, found, value = data[len(length) + 1 : max(size - 1, 0)].partition(b"=")
        if not found or size <= len(length):
            break
        records[_text(key)] = _text(value)
        data = data[size:]
    return records


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
