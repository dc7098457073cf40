"""Lines of a text, in groups of about eight megabytes: line ends LF or CRLF, UTF-16 by its mark or by name."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sec_ops.runtime.archives.readers import Damaged, Reader, read_parts

__all__ = ["LINE_BYTES", "MARKS", "Lines", "line_groups", "wide_codec"]

LINE_BYTES = 2 * 1024 * 1024
"""How much of one line is kept."""
_GROUP_BYTES = 8 * 1024 * 1024
_GROUP_LINES = 20_000
MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""Byte order marks of two-byte text."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that follow each other: `end` is the offset behind the last, `cut` the bytes that were left out of one."""

    lines: tuple[bytes, ...]
    end: int
    cut: int = 0


def wide_codec(head: bytes, encoding: str) -> str:
    """Return `utf-16-le` or `utf-16-be` when a text is written so, else empty."""
    by_mark = MARKS.get(head[:2], "")
    named = encoding.lower().replace("_", "-")
    if named in ("utf-16", "utf16"):
        return by_mark or "utf-16-le"
    return named if named in MARKS.values() else "" if encoding else by_mark


def line_groups(source: Reader, start: int, codec: str) -> Iterator[Lines]:
    """Yield the lines of a stream whose next byte has the offset `start`; damage is raised after what came before it.

    `codec` is of two-byte text; without one, a line feed is one byte.
    """
    feed = "\n".encode(codec) if codec else b"\n"
    splitter = _Splitter(start, feed)
    damage: Damaged | None = None
    while True:
        try:
            parts = read_parts(source, _GROUP_BYTES)
        except Damaged as error:
            damage, parts = error, []
        if not parts:
            break
        yield from splitter.feed(parts)
    yield from splitter.finish()
    if damage:
        raise damage


class _Splitter:
    """Splits groups of bytes at line feeds; a line too long is cut, and what was left out of it counted."""

    def __init__(self, start: int, feed: bytes) -> None:
        self._feed = feed
        self._return = feed.replace(b"\n", b"\r")
        self._offset = start
        self._carry = b""
        self._left_out = 0

    def feed(self, parts: Sequence[bytes]) -> Iterator[Lines]:
        lines = self._split(b"".join((self._carry, *parts)))
        self._carry = lines.pop()
        if lines:
            yield from self._groups(lines)
        if len(self._carry) > LINE_BYTES:
            self._left_out += len(self._carry) - LINE_BYTES
            self._carry = self._carry[:LINE_BYTES]

    def finish(self) -> Iterator[Lines]:
        if self._carry:
            lines, self._carry = [self._carry], b""
            end = self._offset + len(lines[0]) + self._left_out
            yield Lines(tuple(self._without_returns(lines)), end, self._left_out)

    def _groups(self, lines: list[bytes]) -> Iterator[Lines]:
        for first in range(0, len(lines), _GROUP_LINES):
            part = lines[first : first + _GROUP_LINES]
            self._offset += sum(map(len, part)) + len(part) * len(self._feed) + self._left_out
            cut, self._left_out = self._left_out, 0
            if len(part[0]) > LINE_BYTES:
                cut += len(part[0]) - LINE_BYTES
                part[0] = part[0][:LINE_BYTES]
            yield Lines(tuple(self._without_returns(part)), self._offset, cut)

    def _split(self, data: bytes) -> list[bytes]:
        if len(self._feed) == 1:
            return data.split(self._feed)
        lines, start, position = [], 0, data.find(self._feed)
        while position >= 0:
            if (position - start) % 2 == 0:
                lines.append(data[start:position])
                start = position + 2
                position = data.find(self._feed, start)
            else:
                position = data.find(self._feed, position + 1)
        return [*lines, data[start:]]

    def _without_returns(self, lines: list[bytes]) -> list[bytes]:
        if any(line.endswith(self._return) for line in lines):
            return [line.removesuffix(self._return) for line in lines]
        return lines
