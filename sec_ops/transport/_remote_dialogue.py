"""A dialogue with a program on a host; what is asked and answered goes by an errand's frames."""

import json
import time
from contextlib import suppress

from sec_ops.model.errors import ProgramFailed, TransportError
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import redact
from sec_ops.transport._errands import Errand, Peer, raise_unstarted
from sec_ops.transport._failures import place

__all__ = ["RemoteDialogue"]

_ANSWER_BYTES = 64 * 1024 * 1024
_SAID_BYTES = 65536


class RemoteDialogue:
    """A `Dialogue` over an errand."""

    def __init__(self, errand: Errand, peer: Peer, program: str, end: float) -> None:
        self._errand = errand
        self._peer = peer
        self._program = program
        self._end = end
        self._heard = bytearray()
        self._complaints = bytearray()
        self._over = False

    def say(self, text: str) -> None:
        """Send a text; raises ProgramFailed when the program has gone, ConnectionLost."""
        try:
            if not self._over:
                return self._errand.send(b"i", text.encode())
        except TransportError:
            # A program that has ended closes the channel too; then its end was told before.
            self._drain()
            if not self._over:
                raise
        raise self._failed()

    def hear(self, until: str) -> tuple[str, ...]:
        """Return the lines up to the line `until`, without it; raises ProgramFailed when it never comes."""
        mark = until.encode()
        while (lines := self._complete(mark)) is None:
            if self._over or len(self._heard) > _ANSWER_BYTES or not self._take():
                raise self._failed()
        return lines

    def _complete(self, mark: bytes) -> tuple[str, ...] | None:
        lines = bytes(self._heard).split(b"\n")
        if mark not in lines[:-1]:
            return None
        place_ = lines.index(mark)
        self._heard[:] = b"\n".join(lines[place_ + 1 :])
        return tuple(line.decode(errors="replace") for line in lines[:place_])

    def _take(self) -> bool:
        """Take the next frame; return whether there was one before the deadline."""
        frame = self._errand.next(self._end)
        if frame is None:
            return False
        kind, data = frame
        if kind == b"o":
            self._heard += data
        elif kind == b"e":
            self._complaints += data
            del self._complaints[:-_SAID_BYTES]
        elif kind == b"x":
            self._over = True
            raise_unstarted(json.loads(data), self._program, self._peer.target)
        return True

    def _drain(self) -> None:
        with suppress(TransportError):
            while not self._over and self._take():
                pass

    def _failed(self) -> ProgramFailed:
        why = redact(bytes(self._complaints).decode(errors="replace").strip(), self._peer.credentials.secrets)
        where = f"{place(self._peer.target)}: {self._program}"
        if time.monotonic() >= self._end:
            return ProgramFailed(message("no answer within the deadline"), where=where, why=why)
        return ProgramFailed(message("the program ended before it answered"), where=where, why=why)
