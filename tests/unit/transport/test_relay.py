"""The bad link: what goes through it arrives whole, slowly, until it is cut, and leads to one server only."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from sec_ops.transport.relay import BadLink, relay


@contextmanager
def echoing(address: str = "127.0.0.1") -> Iterator[int]:
    """Run a server that says back what it hears, until the other side has ended."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def serve() -> None:
        while True:
            try:
                taken, _peer = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(taken,), daemon=True).start()

    def answer(taken: socket.socket) -> None:
        with taken:
            try:
                while data := taken.recv(65536):
                    taken.sendall(data)
            except OSError:
                return

    with socket.create_server((address, 0), family=family) as listening:
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        serving.join()


def said_back(address: str, port: int, data: bytes) -> bytes:
    with socket.create_connection((address, port), timeout=10) as opened:
        failures: list[OSError] = []

        def send() -> None:
            try:
                opened.sendall(data)
                opened.shutdown(socket.SHUT_WR)
            except OSError as error:
                failures.append(error)

        sending = threading.Thread(target=send)
        sending.start()
        heard = bytearray()
        while more := opened.recv(65536):
            heard += more
        sending.join()
        if failures:
            raise failures[0]
        return bytes(heard)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_all_bytes_arrive_and_are_counted(address: str) -> None:
    data = bytes(range(256)) * 4000
    with echoing(address) as port, relay(address, port, BadLink(), at=address) as opened:
        assert said_back(address, opened.port, data) == data
        assert opened.moved_bytes == 2 * len(data)
        assert not opened.cut


def test_no_more_goes_through_than_may() -> None:
    with echoing() as port, relay("127.0.0.1", port, BadLink(bytes_per_second=400_000)) as opened:
        begun = time.monotonic()
        assert len(said_back("127.0.0.1", opened.port, b"x" * 100_000)) == 100_000
        assert time.monotonic() - begun >= 200_000 / 400_000 * 0.9


def test_it_is_cut_once_and_comes_back() -> None:
    with echoing() as port, relay("127.0.0.1", port, BadLink(cut_after_bytes=100_000, away_seconds=0.5)) as opened:
        begun = time.monotonic()
        with pytest.raises(OSError, match=r"reset|pipe"):
            said_back("127.0.0.1", opened.port, b"x" * 3_000_000)
        assert opened.cut
        while True:
            try:
                assert said_back("127.0.0.1", opened.port, b"again") == b"again"
                break
            except OSError:
                time.sleep(0.02)
        assert time.monotonic() - begun >= 0.5
        assert len(said_back("127.0.0.1", opened.port, b"x" * 1_000_000)) == 1_000_000, "one time only"


def test_a_proxy_leads_to_the_one_server_and_nowhere_else() -> None:
    with echoing() as port, relay("127.0.0.1", port, BadLink(), proxy=True) as opened:
        with socket.create_connection(("127.0.0.1", opened.port), timeout=10) as asked:
            asked.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\n" % port)
            assert asked.recv(1000).startswith(b"HTTP/1.1 200 ")
            asked.sendall(b"through")
            assert asked.recv(1000) == b"through"
        for request in (b"CONNECT 192.0.2.1:443 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * 9000):
            with socket.create_connection(("127.0.0.1", opened.port), timeout=10) as asked:
                asked.sendall(request)
                with suppress(ConnectionResetError):
                    assert asked.recv(1000) == b""


def test_nothing_goes_on_when_it_is_closed() -> None:
    with echoing() as port:
        with relay("127.0.0.1", port, BadLink()) as opened:
            held = socket.create_connection(("127.0.0.1", opened.port), timeout=10)
            held.sendall(b"one")
            assert held.recv(10) == b"one"
        with suppress(ConnectionResetError):
            assert held.recv(10) == b""
        held.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", opened.port), timeout=5)
