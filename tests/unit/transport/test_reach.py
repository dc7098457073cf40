"""Whether a server speaks: dead, silent, of another kind, not to be trusted; each told apart and in time."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sec_ops.model.canonical import canonical_json
from sec_ops.model.errors import ConnectionRefused, HostUnreachable, NameUnknown, ProtocolFailed
from sec_ops.transport.reach import Server, reach
from tests.servers.certificates import Authority


@contextmanager
def listening(answer: Callable[[socket.socket], None], *, address: str = "127.0.0.1") -> Iterator[int]:
    """Answer one connection after the other on loopback."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        server.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    opened, _ = server.accept()
                except TimeoutError:
                    continue
                opened.settimeout(5)
                with opened, suppress(OSError):
                    answer(opened)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def http(opened: socket.socket) -> None:
    request = opened.recv(4096)
    assert request.startswith(b"HEAD / HTTP/1.1\r\nHost: ")
    opened.sendall(b"HTTP/1.1 401 Unauthorized\r\n\r\n")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_server_that_speaks_is_there_whatever_it_says(address):
    with listening(http, address=address) as port:
        reach(Server(host=address, port=port, protocol="http"), seconds=5)


def test_ssh_speaks_first():
    with listening(lambda opened: opened.sendall(b"SSH-2.0-x\r\n")) as port:
        reach(Server(host="127.0.0.1", port=port, protocol="ssh"), seconds=5)


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefused, match="nothing listens"):
        reach(Server(host="127.0.0.1", port=port, protocol="http"), seconds=5)


@pytest.mark.parametrize("protocol", ["http", "https", "ssh"])
def test_a_server_that_accepts_and_keeps_silent(protocol):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(HostUnreachable, match=r"no answer .* 0\.3 s") as caught:
            reach(Server(host="127.0.0.1", port=port, protocol=protocol), seconds=0.3)
        assert canonical_json(caught.value.what.values), "what it says can be sealed"


@pytest.mark.parametrize("protocol", ["http", "ssh"])
def test_a_server_of_another_kind(protocol):
    with (
        listening(lambda opened: opened.sendall(b"220 mail\r\n")) as port,
        pytest.raises(ProtocolFailed, match="does not speak"),
    ):
        reach(Server(host="127.0.0.1", port=port, protocol=protocol), seconds=5)


def test_a_server_that_hangs_up():
    with listening(lambda opened: None) as port, pytest.raises((HostUnreachable, ProtocolFailed)):
        reach(Server(host="127.0.0.1", port=port, protocol="ssh"), seconds=5)


def test_a_name_without_address():
    with pytest.raises(NameUnknown, match="no address"):
        reach(Server(host="no-such-host.invalid", port=1, protocol="http"), seconds=5)


def test_a_resolver_that_never_answers_is_left_alone(monkeypatch):
    done = threading.Event()

    def never(*_words: object, **_more: object) -> list[object]:
        done.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(NameUnknown):
        reach(Server(host="slow.example", port=1, protocol="http"), seconds=0.2)
    done.set()


def test_certificates(tmp_path: Path):
    authority, stranger = Authority(tmp_path), Authority(_made(tmp_path / "other"))
    pair = authority.issue("localhost", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    def https(opened: socket.socket) -> None:
        with context.wrap_socket(opened, server_side=True) as secured:
            http(secured)

    with listening(https) as port:
        reach(Server(host="127.0.0.1", port=port, protocol="https", authority=authority.ca), seconds=5)
        for wrong in (stranger.ca, None):
            with pytest.raises(ProtocolFailed, match="not to be trusted"):
                reach(Server(host="127.0.0.1", port=port, protocol="https", authority=wrong), seconds=5)


def test_every_address_of_a_name_is_tried(monkeypatch):
    real = socket.getaddrinfo

    def both(host, port, **more):
        return real("::1", port, **more) + real("127.0.0.1", port, **more)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with listening(http) as port:
        reach(Server(host="both.example", port=port, protocol="http"), seconds=5)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
