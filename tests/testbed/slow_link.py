"""A slow line in front of a host: a relay in the controller's network, for kernels without netem."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.testbed.bed import Bed
from tests.testbed.host import Host

__all__ = ["SlowLink"]

_CHUNK = 1024


class SlowLink:
    """Relays ``address``:``port`` in the controller's namespace to a host, late and at a bounded rate.

    ``delay`` is in seconds and added to every piece of data, ``rate`` in bytes a second for each direction; a rate
    of 0 takes connections and never says a word. The host's key is added to known_hosts for this address and port.
    """

    address = "127.0.0.1"

    def __init__(self, bed: Bed, host: Host, *, delay: float = 0.0, rate: float = 10_000.0) -> None:
        self._bed = bed
        self._host = host
        self._delay = delay
        self._rate = rate
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        with self._bed.enter_controller():
            self._listener = socket.create_server((self.address, 0))
            self.port: int = self._listener.getsockname()[1]
            # Started inside, so that what it connects to is looked for in the bed's network.
            self._start(self._accept)
        with self._bed.known_hosts.open("a") as stream:
            stream.write(f"[{self.address}]:{self.port} {self._host.public_key}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        for end in (self._listener, *self._open):
            # shutdown wakes a thread that waits in accept or recv; close alone does not.
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._open):
            end.close()
        self._bed.write_client_files()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(near)
            if self._rate <= 0:
                continue
            far = socket.create_connection((str(self._host.ipv4), self._host.port))
            self._open.append(far)
            self._start(self._relay, near, far)
            self._start(self._relay, far, near)

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                if self._closing.wait(self._delay + len(data) / self._rate):
                    break
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
