"""What takes the connections that come through a tunnel from a host: each leads to one server and nowhere else.

A server on this machine's loopback is passed through; any other is reached by CONNECT (RFC 9110, 9.3.6) with a token,
so that TLS is end to end and the server's own name is verified on the host; what a program speaks goes to its pipes.
"""

import base64
import hmac
import ipaddress
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

import paramiko

from sec_ops.transport._child import GRACE_SECONDS, NotStarted, end_group, start_child
from sec_ops.transport._conversation import close_channel
from sec_ops.transport.process import clean_environment

__all__ = ["PROXY_USER", "Took", "passed_through", "proxied", "spoken_by"]

PROXY_USER = "sec-ops"
Took = Callable[[int], None]
"""Hears how many bytes were moved."""

_CONNECT_SECONDS = 10.0
_HEAD_BYTES = 8192
_CHUNK_BYTES = 65536
_SPOKEN_SECONDS = 30.0


class _End(Protocol):
    def recv(self, size: int, /) -> bytes: ...

    def sendall(self, data: bytes, /) -> object: ...


def passed_through(host: str, port: int, took: Took) -> Callable[[paramiko.Channel], None]:
    """Return what connects each connection to a server of this machine."""

    def arrive(channel: paramiko.Channel) -> None:
        with _closing(channel), suppress(OSError), _connected(host, port) as server:
            _join(channel, server, took)

    return arrive


def proxied(host: str, port: int, token: str, took: Took) -> Callable[[paramiko.Channel], None]:
    """Return a proxy that connects to this one server, for whoever knows the token."""
    expected = b"Basic " + base64.b64encode(f"{PROXY_USER}:{token}".encode())

    def arrive(channel: paramiko.Channel) -> None:
        with _closing(channel), suppress(OSError, EOFError):
            channel.settimeout(_SPOKEN_SECONDS)
            refusal = _refusal(_head(channel), host, port, expected)
            if refusal:
                channel.sendall(b"HTTP/1.1 " + refusal + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return
            channel.settimeout(None)
            try:
                opened = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
            except OSError:
                channel.sendall(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return
            with opened:
                opened.settimeout(None)
                channel.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _join(channel, opened, took)

    return arrive


def spoken_by(command: Sequence[str], token: str, took: Took) -> Callable[[paramiko.Channel], None]:
    """Return what starts a program of this machine for each connection whose first line is the token."""

    def arrive(channel: paramiko.Channel) -> None:
        with _closing(channel), suppress(OSError, EOFError):
            channel.settimeout(_SPOKEN_SECONDS)
            if not hmac.compare_digest(_line(channel), token.encode()):
                return
            channel.settimeout(None)
            _speak(command, channel, took)

    return arrive


def _speak(command: Sequence[str], channel: paramiko.Channel, took: Took) -> None:
    with suppress(NotStarted):
        child = start_child(command, clean_environment(), ())
        try:
            # What it complains of would fill its pipe; the program at the other end sees the connection end.
            threading.Thread(target=_emptied, args=(child,), daemon=True).start()
            _join(channel, _Pipes(child), took)
        finally:
            end_group(child, GRACE_SECONDS)


class _Pipes:
    """A program's stdin and stdout as one end."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
        self._stdin, self._stdout = child.stdin, child.stdout

    def recv(self, size: int, /) -> bytes:
        return self._stdout.read1(size)  # type: ignore[attr-defined, no-any-return]

    def sendall(self, data: bytes, /) -> None:
        self._stdin.write(data)
        self._stdin.flush()

    def finish(self) -> None:
        """Tell that nothing more comes."""
        self._stdin.close()


def _emptied(child: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError, ValueError):
        while child.stderr is not None and child.stderr.read(_CHUNK_BYTES):
            pass


def _join(channel: paramiko.Channel, server: "socket.socket | _Pipes", took: Took) -> None:
    """Move bytes both ways until both sides have said all, or one is gone."""

    def back() -> None:
        with suppress(OSError, EOFError, ValueError, paramiko.SSHException):
            _move(server, channel, took)
            channel.shutdown_write()
            return
        close_channel(channel)

    answering = threading.Thread(target=back, daemon=True)
    answering.start()
    try:
        with suppress(OSError, EOFError, ValueError, paramiko.SSHException):
            _move(channel, server, took)
            _finish(server)
            answering.join(_SPOKEN_SECONDS)
    finally:
        if isinstance(server, socket.socket):
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)


def _move(source: _End, sink: _End, took: Took) -> None:
    while data := source.recv(_CHUNK_BYTES):
        sink.sendall(data)
        took(len(data))


def _finish(server: "socket.socket | _Pipes") -> None:
    if isinstance(server, _Pipes):
        server.finish()
    else:
        server.shutdown(socket.SHUT_WR)


@contextmanager
def _closing(channel: paramiko.Channel) -> Iterator[None]:
    try:
        yield
    finally:
        close_channel(channel)


@contextmanager
def _connected(host: str, port: int) -> Iterator[socket.socket]:
    with socket.create_connection((host, port), timeout=_CONNECT_SECONDS) as opened:
        opened.settimeout(None)
        yield opened


def _line(channel: paramiko.Channel) -> bytes:
    line = bytearray()
    while len(line) < _HEAD_BYTES:
        byte = channel.recv(1)
        if byte in (b"\n", b""):
            break
        line += byte
    return bytes(line)


def _head(channel: paramiko.Channel) -> bytes:
    """Return the head of a request, byte by byte to its end: what follows belongs to the server."""
    head = bytearray()
    while not head.endswith(b"\r\n\r\n") and len(head) < _HEAD_BYTES:
        byte = channel.recv(1)
        if not byte:
            break
        head += byte
    return bytes(head)


def _refusal(head: bytes, host: str, port: int, expected: bytes) -> bytes:
    """Return the status that refuses a request, nothing when it asks for the one server and knows the token."""
    request, *fields = head.split(b"\r\n")
    words = request.split(b" ")
    if len(words) != _REQUEST_WORDS or words[0] != b"CONNECT":
        return b"405 Method Not Allowed"
    given = [value.strip() for name, _, value in (each.partition(b":") for each in fields) if name.lower() == _PROOF]
    if len(given) != 1 or not hmac.compare_digest(given[0], expected):
        return b"407 Proxy Authentication Required\r\nProxy-Authenticate: Basic"
    name, _, number = words[1].decode("latin-1").rpartition(":")
    if _plain(name) != _plain(host) or number != str(port):
        return b"403 Forbidden"
    return b""


def _plain(host: str) -> str:
    """Return a host's name or address in the one way it can be compared."""
    bare = host.strip("[]").rstrip(".").lower()
    with suppress(ValueError):
        return ipaddress.ip_address(bare).compressed
    with suppress(UnicodeError):
        return bare.encode("idna").decode()
    return bare


_REQUEST_WORDS = 3
_PROOF = b"proxy-authorization"
