"""Keywords in fields that are asked for nothing else, and in values that never come twice, such as times and ids.

Without digits and the letters a to f, and in lower case, few texts are left: skeletons. A text holds a keyword only if
its skeleton holds the keyword's. So a skeleton is judged once, for all the times and ids that have it; text that isn't
ASCII, or that may hold a keyword, is looked at itself.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from itertools import compress
from operator import itemgetter
from typing import Any, Final

from sec_ops.detection.events import Value
from sec_ops.detection.match.field_tests import FieldTests
from sec_ops.detection.match.memo import LONG_VALUE, Budget, HitSets, Memo
from sec_ops.detection.match.required import longest_text
from sec_ops.detection.rule import Operand

__all__ = ["MANY", "KeywordMemo", "Kind", "Skeletons", "Turn", "fetch_all"]

MANY: Final = 500
"""Every so many values a field is looked at: do they bring anything new?"""
FEW: Final = 25
_NUMBERS: Final = (int, float, bool, type(None))
_TABLE: Final = bytes(ord(chr(code).lower()) if code < 128 else code for code in range(256))
_GONE: Final = b"0123456789abcdefABCDEF"


class PerhapsFoundError(TypeError):
    """The slow way has to look: a TypeError, as a value without a hash is one."""


class Skeletons(dict[bytes, bool]):
    """Skeletons, and whether no keyword can be where they come from."""

    __slots__ = ("_budget", "keywords", "numbers_hold_none", "useful")

    def __init__(self, keywords: Iterable[Operand], budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        texts = [longest_text(operand) for operand in keywords]
        self.keywords = tuple({_skeleton(text) for text in texts})
        self.useful = bool(texts) and all(self.keywords)
        self.numbers_hold_none = self.useful and not any(set(text) <= set("0123456789.+-einfatrusl") for text in texts)

    def __missing__(self, skeleton: bytes) -> bool:
        """Judge a skeleton that wasn't there yet."""
        free = self[skeleton] = skeleton.isascii() and not any(keyword in skeleton for keyword in self.keywords)
        self._budget.spend(skeleton.__sizeof__())
        return free


class Kind(Enum):
    """What a field's values are like, as far as keywords care."""

    VARIED = "text that never comes twice"
    NUMBER = "a number"
    MIXED = "now text, now a number"


class KeywordMemo(Memo):
    """Values of a field that is asked for keywords alone; `turn` is called when they look like one kind or another."""

    __slots__ = ("_few", "_skeletons", "_turn")

    def __init__(
        self, tests: FieldTests, sets: HitSets, budget: Budget, skeletons: Skeletons, turn: Callable[[Kind], None]
    ) -> None:
        super().__init__(tests, sets, budget)
        self._skeletons, self._turn = skeletons, turn
        self._few: set[bytes] = set()

    def __missing__(self, value: Value) -> int:
        """Judge a value that wasn't there yet."""
        if not self._skeletons.useful:
            return super().__missing__(value)
        if isinstance(value, str) and len(value) <= LONG_VALUE:
            skeleton = _skeleton(value)
            number = self[value] = 0 if self._skeletons[skeleton] else self._judged(value)
            self._budget.spend(value.__sizeof__())
            if len(self._few) <= FEW:
                self._few.add(skeleton)
                if len(self) % MANY == 0 and len(self._few) <= FEW:
                    self._turn(Kind.VARIED)
            return number
        if isinstance(value, bool | int | float) and self._skeletons.numbers_hold_none:
            self._turn(Kind.NUMBER)
            if -1 < value < LONG_VALUE:
                self[value] = 0
            return 0
        return super().__missing__(value)


Turn = Callable[[str, Kind], None]


class _Types(dict[tuple[type, ...], bool]):
    """Types of values that are thought to be numbers, and whether they are."""

    __slots__ = ("_mixed", "_names")

    def __init__(self, names: Sequence[str], mixed: Turn) -> None:
        super().__init__()
        self._names, self._mixed = names, mixed

    def __missing__(self, types: tuple[type, ...]) -> bool:
        """Judge types that weren't there yet."""
        others = [name for name, each in zip(self._names, types, strict=True) if each not in _NUMBERS]
        for name in others:
            self._mixed(name, Kind.MIXED)
        self[types] = not others
        return not others


def _skeleton(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").translate(_TABLE, _GONE)


def fetch_all(
    names: Sequence[str], wanted: Sequence[str], skeletons: Skeletons, kinds: Mapping[str, Kind], turn: Turn
) -> Callable[[Mapping[str, Any]], Iterable[Any]]:
    """Return a function from an event with these names to the values of the wanted ones, in their order.

    The others must be of their kinds and hold no keyword, or it raises TypeError.
    """
    mask = [name in wanted for name in names]
    apart = [name for name in names if name not in wanted]
    varied = [name for name in apart if kinds.get(name) is Kind.VARIED]
    numbers = [name for name in apart if kinds.get(name) is Kind.NUMBER]
    texts_of = itemgetter(*varied, varied[0]) if varied else _no_texts
    numbers_of = itemgetter(*numbers, numbers[0]) if numbers else _no_texts
    types = _Types((*numbers, *numbers[:1]), turn)

    def fetch(event: Mapping[str, Any]) -> Iterable[Any]:
        if not types[tuple(map(type, numbers_of(event)))]:
            raise PerhapsFoundError
        try:
            text = "\n".join(texts_of(event))
        except TypeError:
            for name in varied:
                if not isinstance(event[name], str):
                    turn(name, Kind.MIXED)
            raise
        if not skeletons[text.encode("utf-8", "surrogatepass").translate(_TABLE, _GONE)]:
            raise PerhapsFoundError
        return compress(event.values(), mask)

    return fetch


def _no_texts(_event: Mapping[str, Any]) -> tuple[Any, ...]:
    return ()
