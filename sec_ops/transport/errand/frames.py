"""Frames over stdin and stdout: one letter, four bytes of length (big endian), that many bytes.

From the controller: the order (`O`, JSON), bytes for the program (`i`) and their end (`c`), end it (`t`), read the
report (`r`), a sign of life (`p`). To the controller: stdout (`o`), stderr (`e`), the report's path (`h`) or content
(`m`), what the host is (`f`), and at last how it ended (`x`, JSON).
"""

from __future__ import annotations

import os
import select
import struct
import time

HEAD = struct.Struct(">cI")
CHUNK = 65536


class Link:
    """Frames over stdin and stdout; `gone` when the controller is."""

    def __init__(self) -> None:
        self.gone = False
        self.silence = 60.0
        self.out = bytearray()
        self._in = bytearray()
        self._heard = time.monotonic()
        for descriptor in (0, 1):
            os.set_blocking(descriptor, False)

    def send(self, kind: bytes, data: bytes) -> None:
        """Put a frame into the queue."""
        if not self.gone:
            self.out += HEAD.pack(kind, len(data)) + data

    def read(self) -> None:
        """Take what came."""
        try:
            data = os.read(0, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._heard = time.monotonic()
        self._in += data
        if not data:
            self.drop()

    def write(self) -> None:
        """Send what the pipe takes."""
        try:
            del self.out[: os.write(1, self.out[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Take the controller for gone."""
        self.gone = True
        del self.out[:]

    def listen(self) -> None:
        """Take it for gone when it was silent for too long."""
        if time.monotonic() - self._heard > self.silence:
            self.drop()

    def next(self) -> tuple[bytes, bytes] | None:
        """Return the next whole frame."""
        if len(self._in) < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self._in)
        end = HEAD.size + length
        if len(self._in) < end:
            return None
        data = bytes(self._in[HEAD.size : end])
        del self._in[:end]
        return kind, data

    def wait(self, seconds: float) -> None:
        """Sleep until something came, or the queue moved."""
        select.select([0], [1] if self.out else [], [], seconds)

    def finish(self) -> None:
        """Send what is left."""
        end = time.monotonic() + self.silence
        while self.out and not self.gone and time.monotonic() < end:
            select.select([], [1], [], 1.0)
            self.write()
