"""The compiled half of the sieve: lines in, questions out."""

import ctypes
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from sec_ops.runtime.compiled.library import sound

__all__ = ["HEAD", "Half", "Lines"]

HEAD: Final = 3
_ASK_SIZE: Final = HEAD + 3 * 512


class Lines:
    """Lines side by side, where each ends, and a verdict for each: 1 for one that is let through."""

    __slots__ = ("arguments", "count", "data", "ends", "verdicts")

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.data, self.count = b"".join(lines), len(lines)
        self.ends = array("I", accumulate(map(len, lines)))
        self.verdicts = array("B", bytes(self.count))
        addresses = (self.ends.buffer_info()[0], self.verdicts.buffer_info()[0])
        self.arguments = (self.data, len(self.data), *addresses, self.count)

    def line(self, at: int) -> bytes:
        """Return a line."""
        return self.data[self.ends[at - 1] if at else 0 : self.ends[at]]


class Half:
    """One sieve. Where it asks, `ask` holds the question, and takes the answer; both as `walking.rs` says."""

    __slots__ = ("_handle", "_library", "ask")

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library, self._handle = library, None
        self.ask = array("I", bytes(array("I").itemsize * _ASK_SIZE))
        self._handle = sound(library.sieve_new())

    def __del__(self) -> None:
        if self._handle:
            self._library.sieve_free(self._handle)

    def scan(self, lines: Lines, start: int, answered: int) -> int:
        """Judge lines from one on; return the one that is asked about, or how many there are."""
        address = self.ask.buffer_info()[0]
        return sound(self._library.sieve_scan(self._handle, *lines.arguments, start, answered, address))

    def forget(self) -> None:
        """Forget everything: numbers of keywords and nodes begin anew."""
        sound(self._library.sieve_forget(self._handle))

    def keywords(self, skeletons: Sequence[bytes], numbers_hold_none: int) -> int:
        """Enter keywords' skeletons; return the set's number."""
        data = b"\xff".join(skeletons)
        return sound(self._library.sieve_keywords(self._handle, data, len(data), numbers_hold_none))

    def node(self, keywords: int, fields: Sequence[tuple[int, int, int]]) -> int:
        """Enter a node: place, class and memo of its fields; return its number."""
        words = array("I", [keywords, *(word for each in fields for word in each)])
        return sound(self._library.sieve_node(self._handle, words.buffer_info()[0], len(words)))
