"""RELP: every message is answered once it is on disk, in the order they came.

Commands `open`, `syslog` and `close`; a server that goes says `serverclose` first. What was not answered, the sender
sends again over its next connection.
"""

from typing import TYPE_CHECKING

from sec_ops.siem.listen.connection import Connection
from sec_ops.siem.listen.intake import Delivery
from sec_ops.siem.listen.relp_frames import RelpFrame, RelpFramer, response
from sec_ops.siem.raw.log import Appended
from sec_ops.siem.records import Origin

if TYPE_CHECKING:
    from sec_ops.siem.listen.gate import Gate

__all__ = ["Relp"]

_OFFERS = b"200 OK\nrelp_version=0\nrelp_software=sec-ops\ncommands=syslog"
_TAKEN = b"200 OK"
_UNKNOWN = b"500 unknown command"


class Relp(Connection):
    """One RELP session."""

    def __init__(self, gate: "Gate", address: str) -> None:
        super().__init__(gate, address)
        self._framer = RelpFramer(self.bounds.message_bytes, self.counts)
        self._origin: Origin | None = None
        self._session = False
        self._unanswered = 0
        self._goodbye: int | None = None

    def opened(self) -> bool:
        """Return whether this sender may speak."""
        self._origin = self.gate.senders.origin(self.address, self.names)
        return self._origin is not None

    @property
    def waiting(self) -> bool:
        """Return whether a frame has begun and not ended, or the session was never opened."""
        return self._framer.waiting or not self._session

    def received(self, data: bytes) -> bool:
        """Take frames: messages go to the raw log together, other commands are answered."""
        frames = self._framer.feed(data)
        records: list[bytes] = []
        whole: list[int] = []
        for frame in frames:
            if frame.command == b"syslog" and self._session:
                records.append(frame.data)
                if frame.last:
                    whole.append(frame.transaction)
            elif not self._answer(frame):
                break
        if records:
            self._hand_over(records, whole)
        if self._framer.broken or self._goodbye is not None:
            self._end()
        return bool(frames)

    def ended(self) -> None:
        """Count a frame that was half sent; its sender got no answer and sends it again."""
        self.counts.unfinished += self._session and self._framer.waiting

    def leave(self) -> None:
        """Take nothing more: what is not answered comes again over the next connection."""
        self.intake.remove(self)
        self.shut()

    def may_go(self) -> bool:
        """Return whether everything that was taken is answered."""
        return not self._unanswered

    def farewell(self) -> bytes:
        """Return the hint that the server goes."""
        return b"0 serverclose 0\n"

    def _answer(self, frame: RelpFrame) -> bool:
        """Answer a command that is no message; return whether more may follow."""
        if frame.command == b"open" and not self._session:
            self._session = True
            self.transport.write(response(frame.transaction, _OFFERS))
        elif frame.command == b"close":
            self._goodbye = frame.transaction
            return False
        elif not self._session:
            self._framer.broken = True
            return False
        elif frame.last and frame.transaction:
            self.transport.write(response(frame.transaction, _UNKNOWN))
        return True

    def _hand_over(self, records: list[bytes], whole: list[int]) -> None:
        assert self._origin is not None  # noqa: S101 - opened() saw to it
        self._unanswered += 1

        def settled(appended: Appended | None) -> None:
            self._unanswered -= 1
            if appended is None:
                self.abandon()
            elif not self.transport.is_closing():
                self.transport.write(b"".join([response(number, _TAKEN) for number in whole]))
                self._end_if_asked()

        self.put(
            Delivery(
                origin=self._origin,
                records=records,
                counts=self.counts,
                received_ms=self.intake.now_ms(),
                settled=settled,
            )
        )

    def _end(self) -> None:
        if self._framer.broken and self._goodbye is None:
            self.counts.broken += 1
            self.hang_up()
        else:
            self._end_if_asked()

    def _end_if_asked(self) -> None:
        """Answer `close` after everything before it was answered."""
        if self._goodbye is not None and not self._unanswered and not self.closing:
            self.transport.write(response(self._goodbye, b""))
            self.hang_up()
