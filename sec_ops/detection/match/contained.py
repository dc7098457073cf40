"""Which of many literals a text holds, without looking for each.

Text and literals are UTF-8, cut into words of four bytes. Every literal of seven bytes or more is known by four words
that begin at neighbouring places of it: wherever it stands in a text, one of them stands at a multiple of four there,
so that a text has to be looked up only word by word. Shorter literals are known by two halves in the same way, the
shortest are looked for one by one. What a word points to is then looked for in the text itself.
"""

import sys
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["Contained"]

_WORD, _HALF = 4, 2
_LONG: Final = 2 * _WORD - 1
_SHORT: Final = 2 * _HALF - 1


class Contained:
    """An index of literals."""

    __slots__ = ("_halves", "_known_halves", "_known_words", "_tiny", "_words")

    def __init__(self, literals: Iterable[str]) -> None:
        words: dict[int, list[str]] = {}
        halves: dict[int, list[str]] = {}
        tiny = []
        for literal in sorted(set(literals)):
            data = literal.encode("utf-8", "surrogatepass")
            if len(data) >= _LONG:
                _place(literal, data, _WORD, words)
            elif len(data) >= _SHORT:
                _place(literal, data, _HALF, halves)
            else:
                tiny.append(literal)
        self._words: Mapping[int, list[str]] = words
        self._halves: Mapping[int, list[str]] = halves
        self._known_words = frozenset(words)
        self._known_halves = frozenset(halves)
        self._tiny = tuple(tiny)

    def found(self, text: str) -> set[str]:
        """Return the literals that the text holds; the text is folded as they are."""
        data = text.encode("utf-8", "surrogatepass")
        view = memoryview(data)
        held = {literal for literal in self._tiny if literal in text}
        if self._known_words:
            for word in self._known_words.intersection(view[: len(data) & -_WORD].cast("I")):
                held.update([literal for literal in self._words[word] if literal in text])
        if self._known_halves:
            for half in self._known_halves.intersection(view[: len(data) & -_HALF].cast("H")):
                held.update([literal for literal in self._halves[half] if literal in text])
        return held


def _place(literal: str, data: bytes, size: int, buckets: dict[int, list[str]]) -> None:
    """Enter a literal under the neighbouring words of it that lead to the fewest others."""
    words = [int.from_bytes(data[at : at + size], sys.byteorder) for at in range(len(data) - size + 1)]
    sizes = [len(buckets.get(word, ())) for word in words]
    starts = range(len(words) - size + 1)
    start = min(starts, key=lambda at: sum(sizes[at : at + size]))
    for word in set(words[start : start + size]):
        buckets.setdefault(word, []).append(literal)
