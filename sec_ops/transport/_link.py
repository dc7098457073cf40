"""A connection to one host that lasts: connected and signed in within a bound, ended from any thread."""

import sys
import threading
from collections.abc import Callable

import paramiko

from sec_ops.model.errors import DeadlineExceeded, PrivilegeRefused, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.transport._connection import shake_hands, sign_in, verified_host_key
from sec_ops.transport._conversation import close_channel
from sec_ops.transport._failures import place, translated
from sec_ops.transport._jumps import JumpHosts
from sec_ops.transport._wire import Wire
from sec_ops.transport.credentials import Credentials
from sec_ops.transport.values import Target

__all__ = ["Arrival", "Link"]

CONNECT_SECONDS = 10.0
SIGN_IN_SECONDS = 30.0
_AHEAD_BYTES = 64 * 1024 * 1024
_WIRE_FACTOR = 2
_PACKET_BYTES = 256
_JUMP_BYTES = sys.maxsize // 2

Arrival = Callable[[paramiko.Channel], None]
"""What takes a connection that somebody made at the host's end of a tunnel."""


class Link:
    """A signed-in connection. The host may send so much more than we asked for, and no more: see `took`."""

    def __init__(self, target: Target, credentials: Credentials, clock: Clock) -> None:
        self._target = target
        self._credentials = credentials
        self._wire = Wire(_AHEAD_BYTES)
        self._jumps = JumpHosts(connect_seconds=CONNECT_SECONDS, clock=clock)
        self._ended = threading.Event()
        self._arrivals: dict[int, Arrival] = {}
        self.transport = self._opened()

    def took(self, count: int) -> None:
        """Allow the host to send as much again: these bytes were asked for, or sent to it."""
        self._wire.allow(_WIRE_FACTOR * count + _PACKET_BYTES)

    def forward(self, arrival: Arrival) -> int:
        """Return the port on the host's loopback whose connections `arrival` takes, each in a thread of its own.

        Raises PrivilegeRefused when its sshd forwards nothing, ConnectionLost. Source: RFC 4254, 7.1.
        """
        try:
            port = self.transport.request_port_forward("localhost", 0, self._arrived)
        except (paramiko.SSHException, EOFError, OSError) as error:
            if self.transport.is_active():
                raise self._not_forwarded(str(error)) from error
            raise translated(EOFError(), self._target, self._credentials) from error
        self._arrivals[port] = arrival
        return port

    def cut(self) -> None:
        """Take the connection for dead: whoever waits for it is woken."""
        self._wire.end()

    def close(self) -> None:
        """End the connection, and the jump hosts' with it."""
        self._ended.set()
        self._wire.end()
        self.transport.close()
        self._wire.close()
        self._jumps.close()

    def _opened(self) -> paramiko.Transport:
        """Connect and sign in; raises a TransportError. A peer's bytes can make the SSH library raise anything."""
        timer = threading.Timer(SIGN_IN_SECONDS, self._expire)
        timer.daemon = True
        timer.start()
        try:
            return self._connected()
        except Exception as failed:
            self._wire.close()
            self._jumps.close()
            if self._ended.is_set():
                raise self._too_slow() from failed
            if isinstance(failed, TransportError):
                raise
            raise translated(failed, self._target, self._credentials) from failed
        finally:
            timer.cancel()

    def _connected(self) -> paramiko.Transport:
        target, credentials = self._target, self._credentials
        if target.jump is None:
            self._wire.connect(target, CONNECT_SECONDS)
        else:
            self._wire.use(self._jumps.way(target, credentials, CONNECT_SECONDS, _JUMP_BYTES, self._ended))
        transport = shake_hands(self._wire, target, credentials.known_hosts)
        try:
            verified_host_key(transport, target, credentials.known_hosts)
            sign_in(transport, target, credentials)
        except BaseException:
            transport.close()
            raise
        return transport

    def _expire(self) -> None:
        self._ended.set()
        self._wire.end()

    def _arrived(self, channel: paramiko.Channel, origin: tuple[str, int], server: tuple[str, int]) -> None:
        """Take a connection; one that does not come from the host's own loopback found a door sshd left open."""
        arrival = self._arrivals.get(server[1])
        if arrival is None or origin[0] not in _LOOPBACK:
            close_channel(channel)
            return
        threading.Thread(target=arrival, args=(channel,), daemon=True).start()

    def _too_slow(self) -> DeadlineExceeded:
        what = message(
            "{host}: not signed in within {seconds} s", host=self._target.name, seconds=f"{SIGN_IN_SECONDS:g}"
        )
        advice = message("see why the host is slow, or give it a longer deadline")
        return DeadlineExceeded(what, where=place(self._target), advice=advice)

    def _not_forwarded(self, why: str) -> PrivilegeRefused:
        return PrivilegeRefused(
            message("{host}: its sshd opens no tunnel back to this machine", host=self._target.name),
            where=place(self._target),
            why=why,
            advice=message(
                "allow it for this account alone in sshd_config: Match User {user}, AllowTcpForwarding remote, "
                "PermitListen localhost:*",
                user=self._target.user,
            ),
        )


_LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost"})
