"""Lines that wait for the rest of their record, bounded, and able to be stored and taken up again."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from sec_ops.siem.events import Event

__all__ = ["RECORD_BOUND", "Held", "Key", "Piece", "Stamp"]

Key = tuple[str, ...]
"""The parser's id, and what tells its records apart: host, program and process of an envelope, a serial."""

RECORD_BOUND: Final = 1_048_576
"""Bytes of a record that are looked at; of a longer one an unparsed event with its beginning is made."""
_OPEN_BOUND: Final = 256
_BYTES_BOUND: Final = 8 * 1024 * 1024
_SERIALS_BOUND: Final = 8


class Stamp(NamedTuple):
    """Where a record's first line stands in the raw log, and when it was received (microseconds, UTC)."""

    stream: str
    sequence: int
    number: int
    received_us: int


@dataclass(slots=True, kw_only=True)
class Piece:
    """A record that may still grow.

    `heading` was the source's when it began; `outer` is what its envelope said already,
    `stated_us` the envelope's time.
    """

    key: Key
    stamp: Stamp
    lines: list[str]
    size: int
    heading: str = ""
    flags: list[str] = field(default_factory=list)
    outer: Event | None = None
    stated_us: int | None = None

    @property
    def text(self) -> str:
        """Return the lines as one text, without blank ones at its end."""
        return "\n".join(self.lines).rstrip("\n")


class Held:
    """The open records of a source, oldest first, and its headings."""

    def __init__(self, pending: bytes = b"") -> None:
        self.open: dict[Key, Piece] = {}
        self.headings: dict[str, str] = {}
        self._size = 0
        if pending:
            self._take_up(pending)

    def add(self, piece: Piece) -> Iterator[Piece]:
        """Open a record, and yield those that must close for it: too many, or too much, is open."""
        self.open[piece.key] = piece
        self._size += piece.size
        while len(self.open) > 1 and (len(self.open) > _OPEN_BOUND or self._size > _BYTES_BOUND):
            yield self.close(next(iter(self.open)))
        alike = [key for key in self.open if len(key) == 5 and key[:4] == piece.key[:4]] if len(piece.key) == 5 else []
        for key in alike[:-_SERIALS_BOUND]:
            yield self.close(key)

    def grow(self, key: Key, line: str) -> None:
        """Add a line to an open record."""
        piece = self.open[key]
        piece.lines.append(line)
        piece.size += len(line) + 1
        self._size += len(line) + 1

    def close(self, key: Key) -> Piece:
        """Take an open record out."""
        piece = self.open.pop(key)
        self._size -= piece.size
        return piece

    def stored(self) -> bytes:
        """Return what is held as bytes, empty when that is nothing."""
        if not self.open and not self.headings:
            return b""
        pieces = [{**asdict(each), "stamp": tuple(each.stamp)} for each in self.open.values()]
        return orjson.dumps({"version": 1, "open": pieces, "headings": self.headings})

    def _take_up(self, pending: bytes) -> None:
        stored: dict[str, Any] = orjson.loads(pending)
        self.headings = dict(stored["headings"])
        for each in stored["open"]:
            piece = Piece(**{**each, "key": tuple(each["key"]), "stamp": Stamp(*each["stamp"])})
            self.open[piece.key] = piece
            self._size += piece.size
