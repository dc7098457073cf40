"""The TCP side of a connection: opened within a bound, read in large pieces, ended from any thread."""

import contextlib
import errno
import socket
import threading

import paramiko
from paramiko.packet import Packetizer

from sec_ops.model.errors import ConnectionRefused, HostUnreachable, NameUnknown, TransportError
from sec_ops.model.messages import message
from sec_ops.transport.values import Target

__all__ = ["PatientPacketizer", "Wire"]

_READ_BYTES = 65536
_KEEPALIVE_IDLE_SECONDS = 10
_KEEPALIVE_INTERVAL_SECONDS = 5
_KEEPALIVE_PROBES = 3
_UNACKNOWLEDGED_MS = 30_000
_LAST_WORDS_SECONDS = 1.0


class Wire:
    """A socket as paramiko wants it: blocking, buffered, and closed at once when `end` is called.

    Paramiko reads a few bytes at a time and polls ten times a second to notice that it was closed; this reads what is
    there and is woken by the shutdown instead, which halves the controller's time for a host.
    """

    def __init__(self, bound_bytes: int) -> None:
        """Take no more than `bound_bytes` from the host: a packet may claim to be gigabytes long."""
        self.overrun = False
        self._allowed_bytes = bound_bytes
        self._taken_bytes = 0
        self._socket: socket.socket | paramiko.Channel | None = None
        self._buffer = memoryview(b"")
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._closed = False

    def connect(self, target: Target, seconds: float) -> None:
        """Connect to the first of the target's addresses that answers; raises one of the TransportErrors."""
        last: OSError | None = None
        for family, address in _addresses(target):
            try:
                self._connect(family, address, seconds)
            except OSError as error:
                last = error
            else:
                return
        raise _not_connected(target, last, seconds)

    def use(self, channel: paramiko.Channel) -> None:
        """Be connected by a channel that a jump host has opened; raises OSError when it was ended already."""
        with self._lock:
            self._socket = channel
            if self._closed:
                raise OSError(errno.ECANCELED, "ended")

    def allow(self, more_bytes: int) -> None:
        """Take so many bytes more from the host: it carries another connection."""
        with self._lock:
            self._allowed_bytes += more_bytes

    def end(self) -> None:
        """Shut the connection down, also one still being opened: every thread that reads or writes is woken."""
        with self._lock:
            self._closed = True
            if isinstance(self._socket, socket.socket):
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            elif self._socket is not None:
                # Only wakes the reader. To tell the jump host could wait for it, and that is the visit's own thread's.
                self._socket.in_buffer.close()

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end."""
        if not self._buffer:
            self._buffer = memoryview(self._receive())
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return bytes(taken)

    def send(self, data: bytes) -> int:
        """Send all of `data`; return its length."""
        with self._sending:
            self._open_socket().sendall(data)
        return len(data)

    def settimeout(self, seconds: float | None) -> None:
        """Take no notice: the deadline is kept by whoever calls `end`."""

    def close(self) -> None:
        """End and release the socket."""
        self.end()
        with self._lock:
            opened, self._socket = self._socket, None
        if isinstance(opened, socket.socket):
            opened.close()
        elif opened is not None:
            self._close_channel(opened)

    def _close_channel(self, channel: paramiko.Channel) -> None:
        """Tell the jump host; data after that would make it end its whole connection, so senders are waited for."""
        if self._sending.acquire(timeout=_LAST_WORDS_SECONDS):
            try:
                channel.close()
            finally:
                self._sending.release()

    def _connect(self, family: socket.AddressFamily, address: tuple[object, ...], seconds: float) -> None:
        opened = socket.socket(family, socket.SOCK_STREAM)
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = opened
            if self._closed:
                raise OSError(errno.ECANCELED, "ended")
        opened.settimeout(seconds)
        opened.connect(address)
        opened.settimeout(None)
        _tune(opened)

    def _receive(self) -> bytes:
        data = self._open_socket().recv(_READ_BYTES)
        self._taken_bytes += len(data)
        if self._taken_bytes > self._allowed_bytes:
            self.overrun = True
            raise EOFError
        return data

    def _open_socket(self) -> socket.socket | paramiko.Channel:
        opened = self._socket
        if opened is None:
            raise EOFError
        return opened


class PatientPacketizer(Packetizer):
    """A packetizer without a timer thread for the handshake: the visit's own deadline rules."""

    def start_handshake(self, timeout: float) -> None:
        """Start nothing."""

    def handshake_timed_out(self) -> bool:
        """Return that it did not."""
        return False


def _addresses(target: Target) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(target.address, target.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NameUnknown(
            message("{host}: the name {address} has no address", host=target.name, address=target.address),
            where=target.address,
            why=str(error),
            advice=message("correct the host's address in the inventory, or mend name resolution"),
        ) from error
    return [(family, address) for family, _, _, _, address in found]


def _not_connected(target: Target, error: OSError | None, seconds: float) -> TransportError:
    where = f"{target.address} port {target.port}"
    if isinstance(error, ConnectionRefusedError):
        what = message("{host}: connection refused at {where}", host=target.name, where=where)
        advice = message("start sshd on the host, or correct the port in the inventory")
        return ConnectionRefused(what, where=where, advice=advice)
    if isinstance(error, TimeoutError) and error.errno is None:
        what = message(
            "{host}: no answer from {where} within {seconds} s", host=target.name, where=where, seconds=seconds
        )
    else:
        what = message("{host}: can't reach {where}", host=target.name, where=where)
    advice = message("see that the host is up and that routes and firewalls let this machine reach it")
    return HostUnreachable(what, where=where, why=str(error or ""), advice=advice)


def _tune(opened: socket.socket) -> None:
    """Send small packets at once; notice a host that lost power without a word."""
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_SECONDS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL_SECONDS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
