"""Which of many literals a text holds, without looking for each.

Text and literals are UTF-8, cut into words of four bytes. Wherever a literal of seven bytes or more stands in a text,
one of four ways to cut it into words falls in with the text's: so it is known by four words, one of each way, and a
text is looked up word by word. Literals of four to six bytes are known by their first four, for which the text is cut
in all four ways; the shortest, and all short ones where there are few, are looked for one by one. What a word points
to is then looked for in the text itself.
"""

from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Final

from sec_ops.content.patterns import GUARDED, holder_of

__all__ = ["Contained"]

_WORD: Final = 4
_read: Final = Struct("=I").unpack_from
_LONG: Final = 2 * _WORD - 1
_FEW: Final = 60
"""So many short literals are looked for one by one sooner than a text is cut three times more."""
_VERY_FEW: Final = 4
"""More than so many are searched for together first."""

Buckets = dict[int, list[tuple[str, int]]]
"""Literals by a word, each with another word of the same cut, or the same word again."""


class Contained:
    """An index of literals."""

    __slots__ = ("_long", "_long_words", "_may_be_tiny", "_short", "_short_words", "_tiny")

    def __init__(self, literals: Iterable[str]) -> None:
        known = [(literal, literal.encode("utf-8", "surrogatepass")) for literal in sorted(set(literals))]
        short = [(literal, data) for literal, data in known if _WORD <= len(data) < _LONG]
        if len(short) <= _FEW:
            short = []
        self._long: Buckets = {}
        self._short: Buckets = {}
        for literal, data in known:
            if len(data) >= _LONG:
                _place_long(literal, data, self._long)
        for literal, data in short:
            word = _words(data, 0)[0]
            self._short.setdefault(word, []).append((literal, word))
        self._long_words, self._short_words = frozenset(self._long), frozenset(self._short)
        placed = {literal for literal, _ in short}
        self._tiny = tuple(literal for literal, data in known if len(data) < _LONG and literal not in placed)
        some = GUARDED and len(self._tiny) > _VERY_FEW
        self._may_be_tiny: Callable[[bytes], bool] = holder_of(self._tiny) if some else bool

    def found(self, text: str) -> set[str]:
        """Return the literals that the text holds; the text is folded as they are."""
        data = text.encode("utf-8", "surrogatepass")
        held = {literal for literal in self._tiny if literal in text} if self._may_be_tiny(data) else set()
        if not self._long_words and not self._short_words:
            return held
        whole = _words(data, 0)
        if hit := self._long_words.intersection(whole):
            words = set(whole)
            for word in hit:
                held.update([literal for literal, other in self._long[word] if other in words and literal in text])
        if self._short_words:
            for start in range(_WORD):
                for word in self._short_words.intersection(_words(data, start)):
                    held.update([literal for literal, _ in self._short[word] if literal in text])
        return held


def _words(data: bytes, start: int) -> Sequence[int]:
    end = start + ((len(data) - start) & -_WORD)
    return memoryview(data)[start:end].cast("I")


def _place_long(literal: str, data: bytes, buckets: Buckets) -> None:
    """Enter a literal once for each way to cut it, under its middle word: beginnings are shared most."""
    for start in range(_WORD):
        count = (len(data) - start) // _WORD
        (middle,), (last,) = _read(data, start + count // 2 * _WORD), _read(data, start + (count - 1) * _WORD)
        buckets.setdefault(middle, []).append((literal, last))
