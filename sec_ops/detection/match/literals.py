"""Which of many literals a text holds: in compiled code where it was built, else by words and line by line."""

from array import array
from collections.abc import Callable, Collection, Iterable
from ctypes import CDLL
from functools import partial
from typing import Final, Protocol

from sec_ops.detection.match.contained import Contained
from sec_ops.runtime.compiled.library import Broken, library, sound

__all__ = ["ByLines", "Compiled", "Literals", "literals_of"]

LONG_TEXT: Final = 1_000
LINES_BOUND: Final = 4_000_000
"""So many characters of lines are remembered."""


class Literals(Protocol):
    """An index of literals that aren't empty."""

    def found(self, text: str) -> Collection[str]:
        """Return the literals that the text holds, each once; the text is folded as they are."""
        ...


def literals_of(literals: Iterable[str]) -> Literals:
    """Return the best index there is."""
    known, built = sorted(set(literals)), library()
    return ByLines(known, partial(Compiled, library=built) if built else Contained)


class ByLines:
    """Long texts are looked at line by line, for most lines come again; `index` makes what looks at one."""

    __slots__ = ("_broken", "_contained", "_lines", "_room")

    def __init__(self, literals: Collection[str], index: Callable[[Collection[str]], Literals] = Contained) -> None:
        self._contained = index([literal for literal in literals if "\n" not in literal])
        self._broken = tuple(literal for literal in literals if "\n" in literal)
        self._lines: dict[str, frozenset[str]] = {}
        self._room = LINES_BOUND

    def found(self, text: str) -> Collection[str]:
        """Return the literals that the text holds."""
        broken = {literal for literal in self._broken if literal in text}
        if len(text) < LONG_TEXT:
            return broken.union(self._contained.found(text)) if broken else self._contained.found(text)
        return broken.union(*map(self._in_line, text.split("\n")))

    def _in_line(self, line: str) -> frozenset[str]:
        known = self._lines.get(line)
        if known is None:
            known = frozenset(self._contained.found(line))
            self._room -= len(line) + 1
            if self._room < 0:
                self._lines, self._room = {}, LINES_BOUND
            self._lines[line] = known
        return known


class Compiled:
    """Texts are looked at in compiled code; what breaks there is done without it from then on."""

    __slots__ = ("_handle", "_instead", "_library", "_literals", "_out")

    def __init__(self, literals: Collection[str], library: CDLL) -> None:
        self._literals, self._library, self._handle = list(literals), library, None
        self._instead: Literals | None = None
        self._out = array("I", [0]) * len(literals)
        data = [literal.encode("utf-8", "surrogatepass") for literal in literals]
        end, whole = 0, b"".join(data)
        ends = array("I", [end := end + len(each) for each in data])
        self._handle = library.literals_new(whole, len(whole), ends.buffer_info()[0], len(ends))

    def __del__(self) -> None:
        if self._handle:
            self._library.literals_free(self._handle)

    def found(self, text: str) -> Collection[str]:
        """Return the literals that the text holds."""
        if self._instead is None:
            try:
                return self._search(text.encode("utf-8", "surrogatepass"))
            except Broken:
                self._instead = Contained(self._literals)
        return self._instead.found(text)

    def _search(self, text: bytes) -> Collection[str]:
        address, room = self._out.buffer_info()
        count = sound(self._library.literals_search(sound(self._handle), text, len(text), address, room))
        return [self._literals[place] for place in self._out[:count]]
