"""The end of a drill before its end: asked for once, seen by every thread of it soon."""

import threading

__all__ = ["Halt", "Halted"]


class Halted(Exception):
    """The drill is to end now; nothing of it failed."""


class Halt:
    """What is asked to end a drill; it can't be taken back."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    @property
    def asked(self) -> bool:
        """Return whether the drill is to end."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask all to end."""
        self._asked.set()

    def check(self) -> None:
        """Return when nobody asked; raises Halted."""
        if self.asked:
            raise Halted

    def sleep(self, seconds: float) -> None:
        """Wait a while; raises Halted as soon as somebody asks."""
        if self._asked.wait(seconds):
            raise Halted
