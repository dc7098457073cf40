"""Whose turn it is: services start when all their system depends on works, and not at all when one of these doesn't."""

import threading
from collections.abc import Iterable

from sec_ops.drill.running.halting import Halt

__all__ = ["Turns"]

_LOOK_SECONDS = 0.2


class Turns:
    """What became of each system so far."""

    def __init__(self, halt: Halt) -> None:
        self._halt = halt
        self._works: dict[str, bool] = {}
        self._changed = threading.Condition()

    def ended(self, system: str, *, works: bool) -> None:
        """Tell that a system works, or will not; a second word changes nothing."""
        with self._changed:
            self._works.setdefault(system, works)
            self._changed.notify_all()

    def wait(self, systems: Iterable[str]) -> str:
        """Return nothing once all of them work, or the first known that will not; raises Halted."""
        wanted = list(systems)
        with self._changed:
            while True:
                self._halt.check()
                broken = next((each for each in wanted if self._works.get(each) is False), "")
                if broken or all(each in self._works for each in wanted):
                    return broken
                self._changed.wait(_LOOK_SECONDS)
