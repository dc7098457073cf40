"""The compiled half of the sieve, where it was built: a C interface that no Python object crosses.

It is taken only when it was built from the source beside it.
"""

import ctypes
import hashlib
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["BUILT", "SOURCE", "Broken", "Compiled", "Lines", "compiled", "digest"]

SOURCE: Final = Path(__file__).with_name("native")
BUILT: Final = SOURCE / "sieve.so"
HEAD: Final = 3
_ASK_SIZE: Final = HEAD + 3 * 512
_SIGNATURES: Final[dict[str, tuple[Any, ...]]] = {
    "sieve_free": (ctypes.c_void_p,),
    "sieve_forget": (ctypes.c_void_p,),
    "sieve_keywords": (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32),
    "sieve_node": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
    "sieve_scan": (
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p),
        *(ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint32, ctypes.c_void_p),
    ),
}


class Broken(RuntimeError):
    """Something went wrong inside: nothing more can be asked."""


class Lines:
    """Lines side by side, where each ends, and a verdict for each: 1 for one that is let through."""

    __slots__ = ("arguments", "count", "data", "ends", "verdicts")

    def __init__(self, lines: Sequence[bytes]) -> None:
        self.data, self.count = b"".join(lines), len(lines)
        end = 0
        self.ends = array("I", [end := end + len(line) for line in lines])
        self.verdicts = array("B", bytes(self.count))
        addresses = (self.ends.buffer_info()[0], self.verdicts.buffer_info()[0])
        self.arguments = (self.data, len(self.data), *addresses, self.count)

    def line(self, at: int) -> bytes:
        """Return a line."""
        return self.data[self.ends[at - 1] if at else 0 : self.ends[at]]


class Compiled:
    """One sieve. Where it asks, `ask` holds the question, and takes the answer; both as `native/walking.rs` says."""

    __slots__ = ("_handle", "_library", "ask")

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self.ask = array("I", bytes(array("I").itemsize * _ASK_SIZE))
        self._handle = library.sieve_new()
        if not self._handle:
            raise Broken

    def __del__(self) -> None:
        if self._handle:
            self._library.sieve_free(self._handle)

    def scan(self, lines: Lines, start: int, answered: int) -> int:
        """Judge lines from one on; return the one that is asked about, or how many there are."""
        address = self.ask.buffer_info()[0]
        return _sound(self._library.sieve_scan(self._handle, *lines.arguments, start, answered, address))

    def forget(self) -> None:
        """Forget everything: numbers of keywords and nodes begin anew."""
        _sound(self._library.sieve_forget(self._handle))

    def keywords(self, skeletons: Sequence[bytes], numbers_hold_none: int) -> int:
        """Enter keywords' skeletons; return the set's number."""
        data = b"\xff".join(skeletons)
        return _sound(self._library.sieve_keywords(self._handle, data, len(data), numbers_hold_none))

    def node(self, keywords: int, fields: Sequence[tuple[int, int, int]]) -> int:
        """Enter a node: place, class and memo of its fields; return its number."""
        words = array("I", [keywords, *(word for each in fields for word in each)])
        return _sound(self._library.sieve_node(self._handle, words.buffer_info()[0], len(words)))


def _sound(result: int) -> int:
    if result < 0:
        raise Broken
    return result


def compiled(path: Path = BUILT) -> Compiled | None:
    """Return a sieve, None where none was built from this source."""
    try:
        library = ctypes.CDLL(str(path))
        library.sieve_version.restype = ctypes.c_uint64
        if library.sieve_version() != int(digest(), 16):
            return None
        library.sieve_new.restype = ctypes.c_void_p
        for name, arguments in _SIGNATURES.items():
            function = getattr(library, name)
            function.argtypes, function.restype = arguments, ctypes.c_int64
        return Compiled(library)
    except (OSError, AttributeError):
        return None


def digest(source: Path = SOURCE) -> str:
    """Return the 16 hexadecimal digits that a build of the source tells."""
    files = sorted(source.glob("*.rs"))
    return hashlib.sha256(
        b"\0".join(part for each in files for part in (each.name.encode(), each.read_bytes()))
    ).hexdigest()[:16]
