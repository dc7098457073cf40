"""One command on a connection: what it says on both streams, and the one place that waits for more."""

import contextlib
import threading

import paramiko

__all__ = ["Conversation", "close_channel"]

_CHUNK_BYTES = 65536
_MESSAGES_BYTES = 16384


class _Signal(threading.Event):
    """Paramiko clears the event of a stream it has emptied; two streams share this one, so only its owner may."""

    def clear(self) -> None:
        """Leave it set."""

    def rearm(self) -> None:
        """Clear it, before the streams are emptied."""
        super().clear()


class Conversation:
    """A command under way: `output` is its stdout so far, `messages` the end of its stderr."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.output = bytearray()
        self.messages = bytearray()
        self._channel = channel
        self._signal = _Signal()
        self._ended = False
        channel.in_buffer.set_event(self._signal)
        channel.in_stderr_buffer.set_event(self._signal)

    def wait(self, seconds: float | None = None) -> bool:
        """Sleep until more came (at most so long) and take it; return whether the command may still say more."""
        if self._ended:
            return False
        self._signal.wait(seconds)
        self._signal.rearm()
        self._ended = bool(self._channel.eof_received or self._channel.closed)
        self._take()
        return not self._ended

    def send(self, data: bytes) -> None:
        """Feed the command's stdin; raises OSError when the connection ended."""
        self._channel.sendall(data)

    def end_input(self) -> None:
        """Close the command's stdin."""
        self._channel.shutdown_write()

    def exit_code(self) -> int | None:
        """Wait for the exit code; None when the connection ended without one, or a signal ended the command."""
        code = self._channel.recv_exit_status()
        return None if code < 0 else code

    def _take(self) -> None:
        while self._channel.recv_ready():
            self.output += self._channel.recv(_CHUNK_BYTES)
        while self._channel.recv_stderr_ready():
            self.messages += self._channel.recv_stderr(_CHUNK_BYTES)
            del self.messages[:-_MESSAGES_BYTES]


def close_channel(channel: paramiko.Channel) -> None:
    """Close a channel, also one whose connection is gone."""
    with contextlib.suppress(EOFError, OSError, paramiko.SSHException):
        channel.close()
