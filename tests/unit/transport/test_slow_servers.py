"""Servers that never come to an end, or answer with more than anybody asked for."""

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from sec_ops.model.errors import SecOpsError, TransportError
from sec_ops.model.messages import Message
from sec_ops.model.notice import Level, Notice, NotifierSettings
from sec_ops.notify import smtp
from sec_ops.notify.notifiers import NotifierDoors, deliverer
from sec_ops.notify.spoken import speak
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.http import post
from sec_ops.transport.process import run_program

NOTICE = Notice(id="n", kind="k", level=Level.CRITICAL, at="2026-11-26T00:05:00.000Z", title=Message("x"))
Drip = tuple[bytes, bytes]
"""What a server sends first, and what it sends again and again."""


@contextmanager
def server(first: bytes, again: bytes) -> Iterator[int]:
    ended = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            channel, _address = listening.accept()
            with channel:
                channel.sendall(first)
                while again and not ended.wait(0.05):
                    channel.sendall(again)
                channel.shutdown(socket.SHUT_WR)
                while channel.recv(65536):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        ended.set()
        listening.close()
        thread.join()


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("drip", [(HEAD, b"X"), (HEAD + b"Content-Length: 99999\r\n\r\n", b"X"), (b"", b"H")])
def test_a_dripping_answer_ends_with_the_deadline(drip: Drip) -> None:
    with server(*drip) as port, pytest.raises(TransportError):
        post(f"http://127.0.0.1:{port}/hook", b"{}", headers={}, deadline_seconds=0.5)


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(bytes(50_000_000))
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with server(head + packed, b"") as port:
        tracemalloc.start()
        reply = post(f"http://127.0.0.1:{port}/hook", b"{}", headers={})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert reply.body == packed[:65_536]
    assert peak < 10_000_000


@pytest.mark.parametrize("drip", [(b"", b"2"), (b"220 x\r\n", b"250-y\r\n"), (b"", b"220-z\r\n")])
@pytest.mark.parametrize("security", ["none", "starttls"])
def test_a_mail_server_that_never_ends_is_left(
    drip: Drip, security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_WHOLE_SECONDS", 0.5)
    doors = NotifierDoors(root=tmp_path, read_secret=Secrets(run_program=run_program), clock=SystemClock())
    with server(*drip) as port, pytest.raises(SecOpsError):
        _deliver(port, security, doors)


def _deliver(port: int, security: str, doors: NotifierDoors) -> None:
    raw = {"id": "m", "kind": "smtp", "host": "127.0.0.1", "port": port, "security": security, "sender": "a@b.example"}
    settings: NotifierSettings = TypeAdapter(NotifierSettings).validate_python({**raw, "recipients": ["c@d.example"]})
    identity: Callable[[str], str] = str
    deliverer(settings, doors)(speak(NOTICE, "s", identity))
