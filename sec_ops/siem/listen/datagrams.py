"""Syslog over UDP (RFC 5426): one datagram, one message. What the system dropped is counted; nobody can be told."""

import asyncio
import contextlib
import os
import socket
from collections import defaultdict
from pathlib import Path

from sec_ops.model.log_listener import Listener
from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.listen.gate import bound_socket
from sec_ops.siem.listen.intake import Delivery, Intake
from sec_ops.siem.listen.senders import Senders, plain_address
from sec_ops.siem.listen.syslog_frames import datagram

__all__ = ["Datagrams", "dropped_datagrams"]

_LARGEST = 65_536
_AT_ONCE = 2_000
_SO_RCVBUFFORCE = 33


class Datagrams:
    """The UDP socket of one listener."""

    def __init__(self, listener: Listener, senders: Senders, intake: Intake) -> None:
        self.listener = listener
        self.counts = Counts()
        self.intake = intake
        self._senders = senders
        self._loop = asyncio.get_running_loop()
        self._socket = bound_socket(listener, socket.SOCK_DGRAM)
        _enlarge(self._socket, listener.bounds.receive_buffer_bytes)
        self._inode = os.fstat(self._socket.fileno()).st_ino
        self.port = int(self._socket.getsockname()[1])
        self.intake.add(self)
        self.open()

    @property
    def buffer_bytes(self) -> int:
        """Return the bytes the system holds for us, its own overhead included."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def open(self) -> None:
        """Read datagrams."""
        self._loop.add_reader(self._socket, self._read)

    def shut(self) -> None:
        """Leave them to the system, which holds some and drops the rest."""
        self._loop.remove_reader(self._socket)

    def count_dropped(self) -> None:
        """Look up how many datagrams the system dropped."""
        self.counts.dropped = dropped_datagrams(self._inode)

    def close(self) -> None:
        """Take what the system holds, and close."""
        self.intake.remove(self)
        self.shut()
        while self._read():
            pass
        self.count_dropped()
        self._socket.close()

    def _read(self) -> int:
        """Take the datagrams that are there, a good many at most; return how many."""
        messages: defaultdict[str, list[bytes]] = defaultdict(list)
        receive = self._socket.recvfrom
        with contextlib.suppress(BlockingIOError):
            for _ in range(_AT_ONCE):
                data, place = receive(_LARGEST)
                messages[place[0]].append(data)
        for address, datagrams in messages.items():
            self._hand_over(plain_address(address), datagrams)
        return len(messages)

    def _hand_over(self, address: str, datagrams: list[bytes]) -> None:
        origin = self._senders.origin(address)
        if origin is None:
            for _ in datagrams:
                self.counts.stranger(address)
            return
        records = [record for each in datagrams if (record := datagram(each))]
        if records:
            now_ms = self.intake.now_ms()
            self.intake.put(Delivery(origin=origin, records=records, counts=self.counts, received_ms=now_ms))


def dropped_datagrams(inode: int, tables: tuple[str, ...] = ("/proc/self/net/udp", "/proc/self/net/udp6")) -> int:
    """Return how many datagrams Linux dropped at a socket; 0 when its tables don't name it. Source: proc(5)."""
    for table in tables:
        with contextlib.suppress(OSError):
            for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
                words = line.split()
                if words[9] == str(inode):
                    return int(words[12])
    return 0


def _enlarge(bound: socket.socket, size: int) -> None:
    """Ask for a large buffer: past the system's limit where we may, up to it where not."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except PermissionError:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
