"""How long the expressions of rules may take over the values of a run, before one is set aside.

A deadline bounds one search, and not a million of them. So every expression has a credit of CPU seconds: each search
gives it a little, and takes what it took. One that comes to its end is not asked any more by this engine: its searches
count as given up, and its rules are listed.
"""

import time
from collections.abc import Callable
from typing import Final

from sec_ops.detection.rule import Regex
from sec_ops.detection.searching import DEADLINE_S, search_of

__all__ = ["CREDIT_S", "FREE_S", "Patience", "Searches"]

CREDIT_S: Final = 2.0
"""What an expression may take beyond what is free."""
FREE_S: Final = 0.001
"""What a search may take on average, for every so many characters of its value."""
FREE_CHARACTERS: Final = 10_000


class Patience:
    """One expression, asked as long as it has credit."""

    __slots__ = ("_clock", "_left_s", "_search", "set_aside")

    def __init__(self, wanted: Regex, clock: Callable[[], float]) -> None:
        self._search, self._clock = search_of(wanted), clock
        self._left_s = CREDIT_S
        self.set_aside = False

    def found_in(self, text: str) -> bool | None:
        """Return whether the value holds the expression, or None when that took too long or isn't asked any more."""
        if self.set_aside:
            return None
        began_s = self._clock()
        found = self._search.found_in(text)
        took_s = self._clock() - began_s
        self._spend(max(took_s, DEADLINE_S) if found is None else took_s, len(text))
        return found

    def _spend(self, took_s: float, characters: int) -> None:
        free_s = FREE_S * (1 + characters // FREE_CHARACTERS)
        self._left_s = min(CREDIT_S, self._left_s + free_s - took_s)
        self.set_aside = self._left_s < 0


class Searches(dict[Regex, Patience]):
    """The expressions of an engine, each with one credit for all fields; `clock` counts CPU seconds."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        super().__init__()
        self._clock = clock

    def __missing__(self, wanted: Regex) -> Patience:
        """Make an expression ready; raises SearchError when it can't be searched for."""
        patience = self[wanted] = Patience(wanted, self._clock)
        return patience

    @property
    def set_aside(self) -> frozenset[Regex]:
        """Return the expressions that aren't asked any more."""
        return frozenset(wanted for wanted, patience in self.items() if patience.set_aside)
