"""Syslog over TCP (RFC 6587) and TLS (RFC 5425): messages are kept as they come; the protocol can't acknowledge."""

from typing import TYPE_CHECKING

from sec_ops.siem.listen.connection import Connection
from sec_ops.siem.listen.intake import Delivery
from sec_ops.siem.listen.syslog_frames import SyslogFramer
from sec_ops.siem.records import Origin

if TYPE_CHECKING:
    from sec_ops.siem.listen.gate import Gate

__all__ = ["SyslogStream"]


class SyslogStream(Connection):
    """One connection of a syslog sender."""

    def __init__(self, gate: "Gate", address: str) -> None:
        super().__init__(gate, address)
        self._framer = SyslogFramer(self.bounds.message_bytes, self.counts)
        self._origin: Origin | None = None

    def opened(self) -> bool:
        """Return whether this sender may speak."""
        self._origin = self.gate.senders.origin(self.address, self.names)
        return self._origin is not None

    def received(self, data: bytes) -> bool:
        """Cut out messages and hand them over."""
        return self._hand_over(self._framer.feed(data))

    @property
    def waiting(self) -> bool:
        """Return whether a message has begun and not ended."""
        return self._framer.waiting

    def ended(self) -> None:
        """Keep the message that was half sent."""
        self._hand_over(self._framer.finish())

    def _hand_over(self, records: list[bytes]) -> bool:
        if not records or self._origin is None:
            return False
        now_ms = self.intake.now_ms()
        self.put(Delivery(origin=self._origin, records=records, counts=self.counts, received_ms=now_ms))
        return True
