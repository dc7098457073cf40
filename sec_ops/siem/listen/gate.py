"""Accepting connections: who may come in, how many, and for how long they may be silent."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable

from sec_ops.model.errors import UsageError
from sec_ops.model.log_listener import Listener
from sec_ops.model.messages import message
from sec_ops.siem.listen.connection import Connection
from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.listen.intake import Intake
from sec_ops.siem.listen.senders import Senders, plain_address

__all__ = ["Gate", "Speak", "bound_socket"]

HANDSHAKE_SECONDS = 10.0
SWEEP_SECONDS = 1.0
PARTING_SECONDS = 5.0
"""How long connections get to come to their end."""
_BACKLOG = 1024
_AT_ONCE = 64
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

Speak = Callable[["Gate", str], Connection]
"""Make the protocol of a connection from an address."""


class Gate:
    """One listening socket and its connections."""

    def __init__(
        self, listener: Listener, senders: Senders, intake: Intake, speak: Speak, tls: ssl.SSLContext | None = None
    ) -> None:
        self.listener = listener
        self.senders = senders
        self.intake = intake
        self.counts = Counts()
        self.tls = tls
        self.leaving = False
        """Whether the listening comes to its end."""
        self._speak = speak
        self._loop = asyncio.get_running_loop()
        self._connections: set[Connection] = set()
        self._per_address: Counter[str] = Counter()
        self._greeting: set[asyncio.Task[None]] = set()
        self._socket = bound_socket(listener, socket.SOCK_STREAM)
        self._socket.listen(_BACKLOG)
        self.port = int(self._socket.getsockname()[1])
        self._loop.add_reader(self._socket, self._accept)
        self._sweeper = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def close(self) -> None:
        """Accept those who have knocked already, and then nobody any more."""
        self._accept()
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._sweeper.cancel()

    async def part(self) -> None:
        """Let every connection come to its end: what is under way is taken, and answered where that is the custom."""
        self.leaving = True
        for connection in self._connections:
            connection.leave()
        deadline = self._loop.time() + PARTING_SECONDS
        while (self._connections or self._greeting) and self._loop.time() < deadline:
            for connection in list(self._connections):
                if connection.may_go():
                    connection.hang_up()
            await asyncio.sleep(0.02)
        for task in self._greeting:
            task.cancel()
        for connection in list(self._connections):
            connection.abandon()
        await asyncio.sleep(0)

    def connected(self, connection: Connection) -> None:
        """Remember a connection."""
        connection.known = True
        self._connections.add(connection)

    def disconnected(self, connection: Connection) -> None:
        """Forget a connection."""
        if connection in self._connections:
            self._connections.discard(connection)
            self._left(connection.address)

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, place = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest()
                return
            self._admit(accepted, plain_address(place[0]))

    def _rest(self) -> None:
        """Accept nobody for a moment: the system has no more descriptors or memory."""
        self._loop.remove_reader(self._socket)
        self._loop.call_later(1.0, self._resume)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.add_reader(self._socket, self._accept)

    def _admit(self, accepted: socket.socket, address: str) -> None:
        if not self._welcome(address):
            self.counts.stranger(address)
            accepted.close()
        elif not self._room_for(address):
            self.counts.overcrowded += 1
            accepted.close()
        else:
            self.counts.connections += 1
            self.counts.accepted += 1
            self._per_address[address] += 1
            task = self._loop.create_task(self._greet(accepted, address))
            self._greeting.add(task)
            task.add_done_callback(self._greeting.discard)

    def _room_for(self, address: str) -> bool:
        bounds = self.listener.bounds
        if self._per_address[address] >= bounds.connections_per_sender:
            return False
        return self.counts.connections < bounds.connections or self._made_room(address)

    def _made_room(self, address: str) -> bool:
        """Close the most silent connection of whoever has the most, if the newcomer has fewer."""
        crowd, most = self._per_address.most_common(1)[0]
        theirs = [each for each in self._connections if each.address == crowd and not each.closing]
        if most <= self._per_address[address] + 1 or not theirs:
            return False
        self.counts.overcrowded += 1
        min(theirs, key=lambda each: each.heard_at).abandon()
        return True

    def _welcome(self, address: str) -> bool:
        """Return whether an address may connect; with names to be verified, only the handshake tells."""
        if any(sender.names for sender in self.listener.senders):
            return True
        return self.senders.origin(address) is not None

    async def _greet(self, accepted: socket.socket, address: str) -> None:
        made: list[Connection] = []

        def protocol() -> Connection:
            made.append(self._speak(self, address))
            return made[0]

        try:
            accepted.setblocking(False)  # noqa: FBT003 - the system's interface
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                protocol, accepted, ssl=self.tls, ssl_handshake_timeout=HANDSHAKE_SECONDS if self.tls else None
            )
        except (OSError, asyncio.CancelledError):
            self.counts.handshakes_failed += self.tls is not None
            with contextlib.suppress(OSError):
                accepted.close()
            if not made or not made[0].known:
                self._left(address)

    def _left(self, address: str) -> None:
        self.counts.connections -= 1
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]

    def _sweep(self) -> None:
        now = self._loop.time()
        for connection in [each for each in self._connections if each.overdue(now)]:
            self.counts.expired += 1
            connection.abandon()
        self._sweeper = self._loop.call_later(SWEEP_SECONDS, self._sweep)


def bound_socket(listener: Listener, kind: socket.SocketKind) -> socket.socket:
    """Return a socket bound to a listener's address and port; raises UsageError when the system refuses."""
    family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
    bound = socket.socket(family, kind)
    try:
        bound.setblocking(False)  # noqa: FBT003 - the system's interface
        if kind == socket.SOCK_STREAM:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(listener.address != "::"))
        bound.bind((listener.address, listener.port))
    except OSError as error:
        bound.close()
        raise UsageError(
            message(
                "could not listen at {address} port {port}: {reason}",
                address=listener.address,
                port=listener.port,
                reason=error.strerror or str(error),
            ),
            where=listener.id,
            advice=message("another program may use the port; ports under 1024 need CAP_NET_BIND_SERVICE"),
        ) from error
    return bound
