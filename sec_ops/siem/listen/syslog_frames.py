"""Messages out of a syslog stream, with either framing of RFC 6587.

A message that begins with a number, a space and `<` is octet-counted (section 3.4.1, and RFC 5425); every other one
ends with a line feed (section 3.4.2). Each message is looked at for itself, so both may come over one connection.
"""

import re

from sec_ops.siem.listen.counts import Counts

__all__ = ["SyslogFramer", "datagram"]

_COUNT = re.compile(rb"([1-9][0-9]{0,8}) (?=<)")
_COUNT_AFTER_LINE = re.compile(rb"\n(?=[1-9][0-9]{0,8} <)")
_ENDS = b"\r\n\0"


def datagram(data: bytes) -> bytes:
    """Return the message of a datagram (RFC 5426): line ends and NULs behind it are no part of it."""
    return data.rstrip(_ENDS)


class SyslogFramer:
    """Cuts the bytes of one connection into messages, however the network cut them before.

    A message over `message_bytes` comes in pieces of that size, so that nothing is lost and little is held.
    """

    __slots__ = ("_bound", "_counts", "_in_line", "_remaining", "_rest")

    def __init__(self, message_bytes: int, counts: Counts) -> None:
        self._bound = message_bytes
        self._counts = counts
        self._rest = b""
        self._remaining = 0
        self._in_line = False

    @property
    def waiting(self) -> bool:
        """Return whether a message has begun and not ended."""
        return bool(self._rest) or self._remaining > 0 or self._in_line

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages, or pieces of long ones, that these bytes complete."""
        buffer = self._rest + data if self._rest else data
        records: list[bytes] = []
        position, size = 0, len(buffer)
        while position < size:
            if not self._remaining and not self._in_line and (count := _COUNT.match(buffer, position)):
                self._remaining = int(count[1])
                self._counts.oversized += self._remaining > self._bound
                position = count.end()
            before = position
            position = (self._counted if self._remaining else self._lines)(buffer, position, records)
            if position == before:
                break
        self._rest = buffer[position:]
        return records

    def finish(self) -> list[bytes]:
        """Return what came of the message that the connection left half sent."""
        record = self._rest.rstrip(_ENDS)
        self._counts.unfinished += self.waiting
        self._rest, self._remaining, self._in_line = b"", 0, False
        return [record] if record else []

    def _counted(self, buffer: bytes, position: int, records: list[bytes]) -> int:
        end = position + min(self._remaining, self._bound)
        if end > len(buffer):
            return position
        self._remaining -= end - position
        record = buffer[position:end]
        if not self._remaining:
            record = record.rstrip(_ENDS)
        if record:
            records.append(record)
        return end

    def _lines(self, buffer: bytes, position: int, records: list[bytes]) -> int:
        found = _COUNT_AFTER_LINE.search(buffer, position)
        end = found.start() if found else buffer.rfind(b"\n", position)
        if end < 0:
            return self._long_line(buffer, position, records)
        lines = buffer[position:end].split(b"\n")
        if len(max(lines, key=len)) > self._bound or self._in_line:
            lines = self._pieces(lines)
        records.extend(stripped for line in lines if (stripped := line.rstrip(_ENDS)))
        return end + 1

    def _long_line(self, buffer: bytes, position: int, records: list[bytes]) -> int:
        while len(buffer) - position > self._bound:
            self._counts.oversized += not self._in_line
            self._in_line = True
            records.append(buffer[position : position + self._bound])
            position += self._bound
        return position

    def _pieces(self, lines: list[bytes]) -> list[bytes]:
        pieces: list[bytes] = []
        for line in lines:
            self._counts.oversized += len(line) > self._bound and not self._in_line
            self._in_line = False
            pieces.extend(line[start : start + self._bound] for start in range(0, len(line), self._bound))
        return pieces
