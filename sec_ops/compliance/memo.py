"""A bounded memo: most hosts of a fleet say the same, and what was worked out once needn't be again."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Memo"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """Values by key; beyond `bound` entries the oldest goes. A bound of 0 remembers nothing."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._known: dict[K, V] = {}

    def get(self, key: K, work_out: Callable[[], V]) -> V:
        """Return the value of `key`, worked out when it isn't known; errors of `work_out` pass and aren't kept."""
        try:
            return self._known[key]
        except KeyError:
            value = work_out()
        if self._bound:
            if len(self._known) >= self._bound:
                del self._known[next(iter(self._known))]
            self._known[key] = value
        return value
