"""A program of ours that works beside this process for as long as it lives, and is started again when it dies.

It reads its standard input to the end: that the pipe closes tells it to finish, however this process came to its end.
"""

import contextlib
import subprocess
from collections.abc import Callable, Sequence

__all__ = ["Companion"]

RESTART_SECONDS = 5.0
GRACE_SECONDS = 20.0


class Companion:
    """Starts the program at once; `look` now and then keeps it running; `end` lets it finish.

    It has a session of its own, so that Ctrl-C in a terminal reaches this process only. Its output goes where our
    standard error goes.
    """

    def __init__(self, arguments: Sequence[str], *, seconds: Callable[[], float]) -> None:
        self._arguments = list(arguments)
        self._seconds = seconds
        self._started = seconds()
        self._child = self._start()
        self.deaths = 0
        """How often it ended unasked."""

    @property
    def pid(self) -> int:
        """Return the number of its process."""
        return self._child.pid

    def look(self) -> int | None:
        """Start it again when it has died a while ago; return the exit code when it is found dead, None otherwise."""
        code = self._child.poll()
        if code is None or self._seconds() - self._started < RESTART_SECONDS:
            return None
        self.deaths += 1
        self._close()
        self._started = self._seconds()
        self._child = self._start()
        return code

    def nudge(self) -> None:
        """Write a line to its standard input: what it makes of it is its own affair."""
        if self._child.stdin and not self._child.stdin.closed:
            with contextlib.suppress(OSError):
                self._child.stdin.write(b"\n")
                self._child.stdin.flush()

    def end(self) -> None:
        """Let it finish; after a while end it: what it does can be cut short at any point."""
        self._close()
        try:
            self._child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._arguments, stdin=subprocess.PIPE, stdout=2, start_new_session=True)

    def _close(self) -> None:
        if self._child.stdin:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
