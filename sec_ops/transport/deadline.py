"""One deadline for a whole conversation: a socket's timeout begins anew with every byte a slow peer sends."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

__all__ = ["Deadline"]


class Deadline:
    """Cuts the watched socket off after so many seconds; who reads it then finds the end of what was sent."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._cut_off)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._channel: socket.socket | None = None
        self._over = False

    @property
    def over(self) -> bool:
        """Return whether the time was over before the end."""
        return self._over

    def watch(self, channel: socket.socket) -> None:
        """Watch this socket from now on, instead of another."""
        with self._lock:
            self._channel = channel
        if self._over:
            self._cut_off()

    def __enter__(self) -> Self:
        """Begin to count."""
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop counting."""
        self._timer.cancel()

    def _cut_off(self) -> None:
        with self._lock, suppress(OSError):
            self._over = True
            if self._channel is not None:
                # An SSLSocket's own method would first forget its session, under the feet of who reads it.
                socket.socket.shutdown(self._channel, socket.SHUT_RDWR)
