"""A relay on this machine's loopback that leads to one server, slowly or with a cut: a bad link for rehearsals.

In place of netem, which not every kernel has, and which would need root and touch the real link. Either a connection
is passed through as it is, or it is opened by CONNECT (RFC 9110, 9.3.6), so that TLS is end to end.
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

__all__ = ["BadLink", "Relay", "relay"]

_CHUNK_BYTES = 16_384
_HEAD_BYTES = 8192
_CONNECT_SECONDS = 10.0
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLink:
    """What is wrong with it: at most so many bytes a second in both directions together; cut once after so many.

    While it is away every connection is reset. 0: not slowed, not cut.
    """

    bytes_per_second: int = 0
    cut_after_bytes: int = 0
    away_seconds: float = 8.0


class Relay:
    """An open relay: its port, bytes moved so far, and whether it was cut."""

    def __init__(self, host: str, port: int, link: BadLink, listening: socket.socket) -> None:
        self.port: int = listening.getsockname()[1]
        self.moved_bytes = 0
        self.cut = False
        self._target = (host, port)
        self._link = link
        self._listening = listening
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._reset: set[socket.socket] = set()
        self._free_at = self._back_at = 0.0
        self._closed = threading.Event()

    def serve(self, *, proxy: bool) -> None:
        """Take connections until the relay is closed."""
        while not self._closed.is_set():
            with suppress(OSError):
                taken, _address = self._listening.accept()
                threading.Thread(target=self._lead, args=(taken, proxy), daemon=True).start()

    def close(self) -> None:
        """End it and all its connections."""
        self._closed.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._reset_all()

    def _lead(self, taken: socket.socket, proxy: bool) -> None:  # noqa: FBT001 - private
        with self._kept(taken), suppress(OSError):
            if time.monotonic() < self._back_at or (proxy and not self._asked_for(taken)):
                _reset(taken)
                return
            server = socket.create_connection(self._target, timeout=_CONNECT_SECONDS)
            server.settimeout(None)
            with self._kept(server):
                if proxy:
                    taken.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self._move, args=(server, taken), daemon=True)
                back.start()
                self._move(taken, server)
                back.join()

    def _asked_for(self, taken: socket.socket) -> bool:
        """Return whether a request asks for the one server; any other is refused."""
        head = bytearray()
        while not head.endswith(b"\r\n\r\n") and len(head) < _HEAD_BYTES and (byte := taken.recv(1)):
            head += byte
        host = f"[{self._target[0]}]" if ":" in self._target[0] else self._target[0]
        return head.startswith(f"CONNECT {host}:{self._target[1]} ".encode())

    def _move(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK_BYTES):
                self._pass(len(data))
                if self._ending(source, sink):  # what was on its way when the link was cut is lost
                    return
                sink.sendall(data)
            if not self._ending(source, sink):
                sink.shutdown(socket.SHUT_WR)

    def _pass(self, count: int) -> None:
        """Count bytes, wait for their turn, and cut the link when its moment has come."""
        with self._lock:
            self.moved_bytes += count
            due = bool(self._link.cut_after_bytes) and not self.cut and self.moved_bytes >= self._link.cut_after_bytes
            if due:
                self.cut, self._back_at = True, time.monotonic() + self._link.away_seconds
            pause = self._pause(count)
        if due:
            self._reset_all()
        if pause > 0:
            self._closed.wait(pause)

    def _pause(self, count: int) -> float:
        if not self._link.bytes_per_second:
            return 0.0
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + count / self._link.bytes_per_second
        return self._free_at - now

    def _reset_all(self) -> None:
        with self._lock:
            self._reset |= self._open
            ending = list(self._open)
        for each in ending:
            _reset(each)

    def _ending(self, *ends: socket.socket) -> bool:
        with self._lock:
            return any(each in self._reset for each in ends)

    @contextmanager
    def _kept(self, opened: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(opened)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(opened)
                self._reset.discard(opened)
            opened.close()


@contextmanager
def relay(host: str, port: int, link: BadLink, *, at: str = "127.0.0.1", proxy: bool = False) -> Iterator[Relay]:
    """Give an open relay to a server, listening at a loopback address; it is gone with the context."""
    family = socket.AF_INET6 if ":" in at else socket.AF_INET
    with socket.create_server((at, 0), family=family) as listening:
        opened = Relay(host, port, link, listening)
        serving = threading.Thread(target=lambda: opened.serve(proxy=proxy), daemon=True)
        serving.start()
        try:
            yield opened
        finally:
            opened.close()
            serving.join()


def _reset(opened: socket.socket) -> None:
    """Let a connection end by a reset when it is closed, not by a good-bye, and wake who reads from it."""
    with suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        opened.shutdown(socket.SHUT_RD)
