"""What all connections share: who is at the other end, deadlines, and being shut when too much is held."""

import asyncio
from typing import TYPE_CHECKING, Any

from sec_ops.siem.listen.intake import Delivery
from sec_ops.siem.listen.senders import names_fit

if TYPE_CHECKING:
    from sec_ops.siem.listen.gate import Gate

__all__ = ["Connection", "certificate_names"]

SLOWEST_BYTES_PER_SECOND = 16_384
"""A message or request that has begun may take its deadline, and longer as long as it comes this fast."""
SILENCE_SECONDS = 0.3
"""After how much of it a sender whose messages are not answered counts as having said all."""
LINGER_SECONDS = 1.0
"""How long a closed connection still takes what is under way, so that the other end reads the last answer."""


class Connection(asyncio.Protocol):
    """One connection of a listener; its subclasses speak the protocols."""

    def __init__(self, gate: "Gate", address: str) -> None:
        self.gate = gate
        self.intake = gate.intake
        self.counts = gate.counts
        self.bounds = gate.listener.bounds
        self.address = address
        self.names: tuple[str, ...] = ()
        self.transport: asyncio.Transport
        self.closing = False
        self._loop = asyncio.get_running_loop()
        self._last = self._begun_at = self._loop.time()
        self._begun_bytes = 0
        self._begun = False
        self._shut_by: set[str] = set()
        self.known = False
        """Whether the gate counts it among its connections."""

    # What subclasses say.

    def opened(self) -> bool:
        """Return whether this sender may speak."""
        return True

    def received(self, data: bytes) -> bool:
        """Take bytes; return whether they completed something."""
        raise NotImplementedError

    @property
    def waiting(self) -> bool:
        """Return whether something has begun and not ended."""
        raise NotImplementedError

    def ended(self) -> None:
        """Take what the connection left half sent."""

    def farewell(self) -> bytes:
        """Return what the other end is told before the listener closes the connection."""
        return b""

    def leave(self) -> None:
        """Prepare for the end of the listening."""
        self.end_writing()

    def may_go(self) -> bool:
        """Return whether the connection may be hung up on; here, when the sender has fallen silent."""
        return not self._shut_by and self._loop.time() - self._last > SILENCE_SECONDS

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or hang up on who may not speak."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - the type says less than asyncio promises
        self.transport = transport
        self.names = certificate_names(transport.get_extra_info("peercert"))
        self.gate.connected(self)
        tls = self.gate.listener.tls
        if (tls and tls.names and not names_fit(self.names, tls.names)) or not self.opened():
            self.counts.stranger(self.address)
            self.abandon()
            return
        self._begun = self.waiting
        self.intake.add(self)
        if self.gate.leaving:
            self.leave()

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come."""
        if self.closing:
            return
        self._last = self._loop.time()
        self._begun_bytes += len(data)
        progressed = self.received(data)
        if progressed or not self._begun:
            self._begun_at, self._begun_bytes = self._last, 0
        self._begun = self.waiting

    def eof_received(self) -> bool:
        """Let asyncio close when the other end has said all."""
        return False

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        """Keep what was half sent."""
        self.intake.remove(self)
        self.gate.disconnected(self)
        self.ended()

    # What the gate calls.

    @property
    def heard_at(self) -> float:
        """Return when something came last, by the loop's clock."""
        return self._last

    def shut(self) -> None:
        """Stop reading: TCP tells the sender to wait."""
        self._shut("held")

    def open(self) -> None:
        """Read again; the wait was no fault of the sender."""
        self._open("held")

    def pause_writing(self) -> None:
        """Stop reading from somebody who doesn't read the answers."""
        self._shut("unread")

    def resume_writing(self) -> None:
        """Read again."""
        self._open("unread")

    def overdue(self, now: float) -> bool:
        """Return whether the sender has been silent, or slow with what it began, for too long."""
        if "held" in self._shut_by:
            return False
        allowed = self.bounds.frame_seconds + self._begun_bytes / SLOWEST_BYTES_PER_SECOND
        return now - self._last > self.bounds.idle_seconds or (self._begun and now - self._begun_at > allowed)

    def hang_up(self) -> None:
        """Close after what is still to be written; what comes meanwhile is not taken."""
        if self.closing or self.transport.is_closing():
            return
        self.closing = True
        if word := self.farewell():
            self.transport.write(word)
        self.end_writing()
        self._shut_by.add("closing")
        self.transport.resume_reading()
        self._loop.call_later(LINGER_SECONDS, self.transport.close)

    def end_writing(self) -> None:
        """Tell the other end, where the transport can, that nothing more will be said, and so that it may go."""
        if not self.transport.is_closing() and self.transport.can_write_eof():
            self.transport.write_eof()

    def abandon(self) -> None:
        """Close at once."""
        self.closing = True
        self.transport.abort()

    def put(self, delivery: Delivery) -> None:
        """Hand records over."""
        self.intake.put(delivery)

    def _shut(self, why: str) -> None:
        if not self._shut_by and not self.transport.is_closing():
            self.transport.pause_reading()
        self._shut_by.add(why)

    def _open(self, why: str) -> None:
        self._shut_by.discard(why)
        if not self._shut_by and not self.transport.is_closing():
            self._last = self._begun_at = self._loop.time()
            self.transport.resume_reading()


def certificate_names(certificate: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the DNS names and addresses of a verified certificate; its common name only when it has neither."""
    if not certificate:
        return ()
    named = tuple(str(value) for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address"))
    if named:
        return named
    parts = (pair for group in certificate.get("subject", ()) for pair in group)
    return tuple(str(value) for kind, value in parts if kind == "commonName")
