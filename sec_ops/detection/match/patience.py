"""How long the expressions of rules may take over the values of a run, before one is set aside.

A deadline bounds one search, and not a million of them. So every expression has a credit of CPU seconds: each search
gives it a little, and takes what it took. One that comes to its end is not asked any more by this engine: its searches
count as given up, and its rules are listed.

To ask for CPU time costs more than most searches. So a look at the wall clock tells whether a search may have been
slow, and only then the next ones are measured.
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
MEASURED: Final = 8
"""So many searches are measured after one that looked slow."""


class Patience:
    """One expression, asked as long as it has credit."""

    __slots__ = ("_clock", "_glance", "_left_s", "_measured", "_search", "set_aside")

    def __init__(self, wanted: Regex, clock: Callable[[], float], glance: Callable[[], float]) -> None:
        self._search, self._clock, self._glance = search_of(wanted), clock, glance
        self._left_s = CREDIT_S
        self._measured = 0
        self.set_aside = False

    def found_in(self, text: str) -> bool | None:
        """Return whether the value holds the expression, or None when that took too long or isn't asked any more."""
        if self.set_aside:
            return None
        clock = self._clock if self._measured else self._glance
        began_s = clock()
        found = self._search.found_in(text)
        took_s = clock() - began_s
        free_s = FREE_S * (1 + len(text) // FREE_CHARACTERS)
        if found is None:
            self._spend(max(took_s, DEADLINE_S) - free_s)
        elif self._measured:
            self._measured -= 1
            self._spend(took_s - free_s)
        if took_s > free_s:
            self._measured = MEASURED
        return found

    def _spend(self, seconds: float) -> None:
        self._left_s = min(CREDIT_S, self._left_s - seconds)
        self.set_aside = self._left_s < 0


class Searches(dict[Regex, Patience]):
    """The expressions of an engine, each with one credit for all fields; `clock` counts CPU seconds, `glance` any."""

    def __init__(
        self, clock: Callable[[], float] = time.thread_time, glance: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__()
        self._clock, self._glance = clock, glance

    def __missing__(self, wanted: Regex) -> Patience:
        """Make an expression ready; raises SearchError when it can't be searched for."""
        patience = self[wanted] = Patience(wanted, self._clock, self._glance)
        return patience

    @property
    def set_aside(self) -> frozenset[Regex]:
        """Return the expressions that aren't asked any more."""
        return frozenset(wanted for wanted, patience in self.items() if patience.set_aside)
