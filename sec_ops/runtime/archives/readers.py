"""Byte streams that know how to end badly: what came before damage is given first, then the reason is raised."""

import tempfile
from typing import IO, Protocol

from sec_ops.model.messages import Message, message

__all__ = [
    "CHUNK",
    "Budget",
    "Damaged",
    "Head",
    "Plain",
    "Reader",
    "Refused",
    "Unwanted",
    "read_exactly",
    "read_parts",
    "spooled",
]

CHUNK = 256 * 1024
_HOLE_BOUND = 4 * 1024 * 1024 * 1024
_SPOOL_IN_MEMORY = 16 * 1024 * 1024
_SPOOL_BOUND = 8 * 1024 * 1024 * 1024


class Damaged(Exception):
    """The rest can't be read; what was read before is good."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Refused(Exception):
    """A stream that is not read on, for a reason that is no damage."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Unwanted(Refused):
    """A stream that is not what is looked for, or nothing new: leaving it out loses nothing."""


class Reader(Protocol):
    """A stream of bytes."""

    def read(self, size: int) -> bytes:
        """Return at least one and at most `size` bytes, none at the end; raises Damaged (every time), Refused."""
        ...


class Plain:
    """A file or a pipe, to its end or up to `limit` bytes; counts what it gave."""

    def __init__(self, file: IO[bytes], limit: int | None = None) -> None:
        self._file = file
        self._left = limit
        self.given = 0

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        if self._left is not None:
            size = min(size, self._left)
        try:
            data = self._file.read(size)
        except OSError as error:
            raise Damaged(message("could not be read: {reason}", reason=error.strerror or str(error))) from error
        self.given += len(data)
        if self._left is not None:
            self._left -= len(data)
        return data


class Head:
    """A stream whose beginning was looked at."""

    def __init__(self, source: Reader, size: int) -> None:
        self._source = source
        self._damage: Damaged | None = None
        try:
            self.head = read_exactly(source, size)
        except Damaged as error:
            self.head, self._damage = b"", error
        self._rest = self.head

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        if self._rest:
            data, self._rest = self._rest[:size], self._rest[size:]
            return data
        if self._damage:
            raise self._damage
        return self._source.read(size)

    def skip_nuls(self) -> None:
        """Begin behind the NUL bytes when nothing else came: a log that was emptied while written begins with a hole.

        Raises Damaged.
        """
        left = _HOLE_BOUND
        while self.head and not self.head.strip(b"\0") and left > 0:
            left -= len(self._rest)
            self._rest = b""
            data = self.read(CHUNK)
            if not data:
                return
            self._rest = data.lstrip(b"\0") or data
            self.head = self._rest


class Budget:
    """How much may come out of one file: a bomb is told by what it grows to, whatever it is nested in."""

    def __init__(self, origin: Plain, *, ratio: int = 1_000, always: int = 256 * 1024 * 1024) -> None:
        self._origin = origin
        self._ratio = ratio
        self._always = always
        self._produced = 0

    def spend(self, size: int) -> None:
        """Count bytes that came out of a compressed stream; raises Refused when they are too many for what went in."""
        self._produced += size
        if self._produced > max(self._always, self._ratio * self._origin.given):
            reason = message("it grows to more than {ratio} times its size: a decompression bomb", ratio=self._ratio)
            raise Refused(reason)


def read_exactly(source: Reader, size: int) -> bytes:
    """Return that many bytes, fewer at the end of the stream; damage is raised only when nothing came before it."""
    return b"".join(read_parts(source, size))


def read_parts(source: Reader, size: int) -> list[bytes]:
    """Return what `read_exactly` does, in the pieces in which it came."""
    parts: list[bytes] = []
    missing = size
    while missing:
        try:
            part = source.read(missing)
        except Damaged:
            if parts:
                break
            raise
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return parts


def spooled(source: Reader) -> IO[bytes]:
    """Return a nameless file with everything that comes, for formats that have to be read from their end.

    What came before damage is kept. Raises Refused past the bound and when there is no room.
    """
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    size = 0
    try:
        while data := source.read(CHUNK):
            size += len(data)
            if size > _SPOOL_BOUND:
                raise Refused(message("it is larger than {bound} bytes inside an archive", bound=_SPOOL_BOUND))
            spool.write(data)
    except Damaged:
        pass
    except OSError as error:
        spool.close()
        raise Refused(message("no room to look into it: {reason}", reason=error.strerror or str(error))) from error
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool
