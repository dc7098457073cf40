"""How far a reading of many logs is, told on a terminal and nowhere else."""

import sys
from contextlib import suppress

from sec_ops.model.text import printable
from sec_ops.runtime.clock import SystemClock

__all__ = ["Progress"]

_PAUSE_MS = 200


class Progress:
    """One line on a terminal that is written over."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._last_ms = 0
        self._shown = sys.stderr.isatty()

    @property
    def seen(self) -> bool:
        """Return whether there is a terminal."""
        return self._shown

    def __call__(self, name: str, count: int) -> None:
        """Show what is being read and how much was, a few times a second."""
        self.show(f"{count:>12,}  {printable(name)[-60:]}")

    def show(self, text: str) -> None:
        """Show a line, a few times a second."""
        now = self._clock.monotonic_ms()
        if self._shown and now - self._last_ms > _PAUSE_MS:
            self._last_ms = now
            self._write(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown and self._last_ms:
            self._write("")

    def _write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
