"""The controller's end of a tunnel: one server, for whoever knows the token, and nothing else."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.transport.tunnel import PROXY_USER, _refusal, passed_through, proxied, spoken_by

TOKEN = "a token"
PROOF = b"Basic " + base64.b64encode(f"{PROXY_USER}:{TOKEN}".encode())


def head(target: str, *fields: bytes, verb: str = "CONNECT") -> bytes:
    return b"\r\n".join([f"{verb} {target} HTTP/1.1".encode(), b"Host: x", *fields, b"", b""])


GIVEN = b"Proxy-Authorization: " + PROOF


@pytest.mark.parametrize(
    ("asked", "server", "status"),
    [
        (head("b.example:8000", GIVEN), ("b.example", 8000), b""),
        (head("B.Example.:8000", GIVEN.replace(b"Proxy-A", b"proxy-a")), ("b.example", 8000), b""),
        (head("[fd77:0::2]:8000", GIVEN), ("fd77::2", 8000), b""),
        (head("xn--bcher-kva.example:443", GIVEN), ("bücher.example", 443), b""),
        (head("b.example:22", GIVEN), ("b.example", 8000), b"403"),
        (head("127.0.0.1:8000", GIVEN), ("b.example", 8000), b"403"),
        (head("b.example:8000"), ("b.example", 8000), b"407"),
        (head("b.example:8000", GIVEN + b"x"), ("b.example", 8000), b"407"),
        (head("b.example:8000", GIVEN, GIVEN), ("b.example", 8000), b"407"),
        (head("http://b.example:8000/", GIVEN, verb="GET"), ("b.example", 8000), b"405"),
        (b"", ("b.example", 8000), b"405"),
    ],
)
def test_only_the_one_server_and_only_with_the_token(asked: bytes, server: tuple[str, int], status: bytes) -> None:
    assert _refusal(asked, *server, PROOF)[:3] == status


@given(st.binary(max_size=300))
def test_whatever_is_asked_nothing_is_raised_and_nothing_opened(asked: bytes) -> None:
    assert _refusal(asked, "b.example", 8000, PROOF)


class Channel:
    """A channel of a tunnel, as a pair of sockets."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.recv = end.recv
        self.sendall = end.sendall
        self.settimeout = end.settimeout

    def shutdown_write(self) -> None:
        self._end.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()


def through(arrive: Callable[..., None], said: bytes) -> bytes:
    """Return what comes back when somebody says this at the host's end and then has said all."""
    near, far = socket.socketpair()
    with near:
        serving = threading.Thread(target=arrive, args=(Channel(far),))
        serving.start()
        near.sendall(said)
        near.shutdown(socket.SHUT_WR)
        heard = bytearray()
        # What was said and not read resets a pair of sockets; a channel just ends.
        with suppress(ConnectionResetError):
            while data := near.recv(65536):
                heard += data
        serving.join(20)
        assert not serving.is_alive()
    return bytes(heard)


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says what it is told, backwards, when it was told all."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        told = b"".join(iter(lambda: connection.recv(65536), b""))  # noqa: B023
                        connection.sendall(told[::-1])

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])


def test_bytes_go_both_ways_and_are_counted(echo: int) -> None:
    counted: list[int] = []
    data = bytes(range(256)) * 2000
    assert through(passed_through("127.0.0.1", echo, counted.append), data) == data[::-1]
    assert sum(counted) == 2 * len(data)


def test_the_proxy_answers_then_steps_aside(echo: int) -> None:
    arrive = proxied("127.0.0.1", echo, TOKEN, lambda _count: None)
    answer = through(arrive, head(f"127.0.0.1:{echo}", GIVEN) + b"abc")
    assert answer == b"HTTP/1.1 200 Connection established\r\n\r\ncba"
    assert through(arrive, head(f"127.0.0.1:{echo}") + b"abc").startswith(b"HTTP/1.1 407")


def test_a_server_that_is_gone_is_a_bad_gateway() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    arrive = proxied("127.0.0.1", port, TOKEN, lambda _count: None)
    assert through(arrive, head(f"127.0.0.1:{port}", GIVEN)).startswith(b"HTTP/1.1 502")
    assert through(passed_through("127.0.0.1", port, lambda _count: None), b"abc") == b""


def test_a_program_is_spoken_with_only_after_the_token() -> None:
    arrive = spoken_by(["cat"], TOKEN, lambda _count: None)
    assert through(arrive, TOKEN.encode() + b"\nabc") == b"abc"
    assert through(arrive, b"guessed\nabc") == b""
    assert through(arrive, b"") == b""
    assert through(spoken_by(["/no/such/program"], TOKEN, lambda _count: None), TOKEN.encode() + b"\nabc") == b""
