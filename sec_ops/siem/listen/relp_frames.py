"""Frames of RELP, the Reliable Event Logging Protocol: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`.

Source: the specification beside librelp (doc/relp.md).
"""

import re
from typing import NamedTuple

from sec_ops.siem.listen.counts import Counts

__all__ = ["RelpFrame", "RelpFramer", "response"]

_HEADER = re.compile(rb"([0-9]{1,9}) ([A-Za-z]{1,32}) (?:0(?= ?\n)|([1-9][0-9]{0,8}) )")
_LONGEST_HEADER = 9 + 1 + 32 + 1 + 9 + 1


class RelpFrame(NamedTuple):
    """One frame, or a piece of a long one; `last` says that the frame ends with it."""

    transaction: int
    command: bytes
    data: bytes
    last: bool


class RelpFramer:
    """Cuts the bytes of one connection into frames; data over `message_bytes` comes in pieces of that size."""

    __slots__ = ("_bound", "_command", "_counts", "_remaining", "_rest", "_transaction", "broken")

    def __init__(self, message_bytes: int, counts: Counts) -> None:
        self._bound = message_bytes
        self._counts = counts
        self._rest = b""
        self._transaction = 0
        self._command = b""
        self._remaining = -1
        self.broken = False
        """Whether the bytes stopped being RELP; nothing is read from then on."""

    @property
    def waiting(self) -> bool:
        """Return whether a frame has begun and not ended."""
        return bool(self._rest) or self._remaining >= 0

    def feed(self, data: bytes) -> list[RelpFrame]:
        """Return the frames, or pieces of long ones, that these bytes complete."""
        buffer = self._rest + data if self._rest else data
        frames: list[RelpFrame] = []
        position = 0
        while not self.broken and position < len(buffer):
            before = position
            position = (self._header if self._remaining < 0 else self._data)(buffer, position, frames)
            if position == before:
                break
        self._rest = b"" if self.broken else buffer[position:]
        return frames

    def _header(self, buffer: bytes, position: int, _frames: list[RelpFrame]) -> int:
        found = _HEADER.match(buffer, position)
        if found is None:
            start = buffer[position : position + _LONGEST_HEADER]
            self.broken = len(start) == _LONGEST_HEADER or b"\n" in start
            return position
        self._transaction, self._command = int(found[1]), found[2]
        self._remaining = int(found[3] or 0)
        self._counts.oversized += self._remaining > self._bound
        return found.end() + (buffer[found.end()] == ord(" ") if self._remaining == 0 else 0)

    def _data(self, buffer: bytes, position: int, frames: list[RelpFrame]) -> int:
        size = min(self._remaining, self._bound)
        last = size == self._remaining
        end = position + size
        if end + last > len(buffer):
            return position
        if last and buffer[end] != ord("\n"):
            self.broken = True
            return position
        frames.append(RelpFrame(self._transaction, self._command, buffer[position:end], last))
        self._remaining = -1 if last else self._remaining - size
        return end + last


def response(transaction: int, data: bytes) -> bytes:
    """Return the frame that answers a transaction."""
    return b"%d rsp %d %b\n" % (transaction, len(data), data) if data else b"%d rsp 0\n" % transaction
