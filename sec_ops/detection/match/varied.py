"""Keywords in values that never come twice, such as times and ids: looked for in what such values have in common.

All digits and the letters a to f become one, letters lose their case: the skeleton. Where the skeleton of a text holds
no keyword's skeleton, the text holds no keyword, whatever its digits are. There are few skeletons, so each is judged
once. Text that isn't ASCII, or that may hold a keyword, goes the slow way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import Any, Final

from sec_ops.detection.match.memo import Budget
from sec_ops.detection.rule import Glob, Operand
from sec_ops.model.folding import fold

__all__ = ["Skeletons", "fetch_all"]

_SAME: Final = b"0123456789abcdefABCDEF"
_TABLE: Final = bytes(
    ord("0") if code in _SAME else ord(chr(code).lower()) if code < 128 else code for code in range(256)
)


class PerhapsFoundError(TypeError):
    """The slow way has to look: a TypeError, as a value without a hash is one."""


class Skeletons(dict[bytes, None]):
    """Skeletons that hold no keyword."""

    __slots__ = ("_budget", "_keywords")

    def __init__(self, keywords: Iterable[Operand], budget: Budget) -> None:
        super().__init__()
        self._budget = budget
        self._keywords = tuple(
            {_longest(operand).encode("utf-8", "surrogatepass").translate(_TABLE) for operand in keywords}
        )

    def __missing__(self, skeleton: bytes) -> None:
        """Judge a skeleton; raises PerhapsFoundError when a keyword may be in it."""
        if not skeleton.isascii() or any(keyword in skeleton for keyword in self._keywords):
            raise PerhapsFoundError
        self[skeleton] = None
        self._budget.spend(len(skeleton))


def _longest(operand: Operand) -> str:
    """Return a text that every value holds which passes; empty when there is none."""
    literals = [part for part in operand.parts if isinstance(part, str)] if isinstance(operand, Glob) else []
    return fold(max(literals, key=len, default=""))


def fetch_all(
    names: Sequence[str], wanted: Sequence[str], varied: Sequence[str], skeletons: Skeletons
) -> Callable[[Mapping[str, Any]], Iterable[Any]]:
    """Return a function from an event with these names to the values of the wanted ones, in their order.

    It raises TypeError when a varied one isn't text, or may hold a keyword.
    """
    mask = [name in wanted for name in names]
    if not varied:
        return lambda event: compress(event.values(), mask)
    take = itemgetter(*varied, varied[0])

    def fetch(event: Mapping[str, Any]) -> Iterable[Any]:
        skeletons["\n".join(take(event)).encode("utf-8", "surrogatepass").translate(_TABLE)]
        return compress(event.values(), mask)

    return fetch
