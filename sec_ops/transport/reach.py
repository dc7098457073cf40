"""Whether a server is there and speaks: connect, check its certificate, hear a first word, all within one bound."""

import socket
import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sec_ops.model.errors import ConnectionRefused, HostUnreachable, NameUnknown, ProtocolFailed, TransportError
from sec_ops.model.messages import message

__all__ = ["Server", "reach"]

_WORD_BYTES = 256
_Address = tuple[socket.AddressFamily, tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where, and what is spoken there; `authority` is a PEM file that signs its certificate (`https`)."""

    host: str
    port: int
    protocol: Literal["http", "https", "ssh"]
    authority: Path | None = None

    @property
    def where(self) -> str:
        """Return the place as people write it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def reach(server: Server, *, seconds: float) -> None:
    """Return when the server spoke within `seconds`; addresses of its name are tried in turn.

    Raises NameUnknown, ConnectionRefused, HostUnreachable, or ProtocolFailed for a certificate that is not to be
    trusted and a server that speaks something else. No secret is sent.
    """
    end = time.monotonic() + seconds
    addresses = _addresses(server, seconds)
    last: TransportError | None = None
    for index, address in enumerate(addresses):
        share = max((end - time.monotonic()) / (len(addresses) - index), 0.05)
        try:
            _speak(server, address, share)
        except TransportError as error:
            last = error
        else:
            return
    raise last or _silent(server, seconds, "")


def _addresses(server: Server, seconds: float) -> list[_Address]:
    """Return the addresses of the name; a resolver that does not answer is left alone after `seconds`."""
    found: list[_Address] = []
    failed: list[OSError | UnicodeError] = []

    def resolve() -> None:
        try:
            infos = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failed.append(error)
        else:
            found.extend((family, address) for family, _, _, _, address in infos)

    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        what = message("the name {host} has no address", host=server.host)
        advice = message("correct the name, or mend name resolution")
        raise NameUnknown(what, where=server.where, why=str(failed[0]) if failed else "", advice=advice)
    return found


def _speak(server: Server, address: _Address, seconds: float) -> None:
    family, place = address
    try:
        with socket.socket(family, socket.SOCK_STREAM) as opened:
            opened.settimeout(seconds)
            opened.connect(place)
            _exchange(server, opened)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(server, error) from error
    except ConnectionRefusedError as error:
        what = message("nothing listens at {where}", where=server.where)
        advice = message("start the server there, or correct host and port")
        raise ConnectionRefused(what, where=server.where, why=str(error), advice=advice) from error
    except TimeoutError as error:
        raise _silent(server, seconds, str(error)) from error
    except (ssl.SSLError, OSError) as error:
        advice = message("see that the host is up and that routes and firewalls let this machine reach it")
        what = message("can't reach {where}", where=server.where)
        raise HostUnreachable(what, where=server.where, why=str(error), advice=advice) from error


def _exchange(server: Server, opened: socket.socket) -> None:
    """Say and hear a first word; a secured channel owns the socket from then on."""
    with _secured(server, opened) if server.protocol == "https" else opened as channel:
        _hear(server, channel)


def _hear(server: Server, channel: socket.socket) -> None:
    if server.protocol != "ssh":
        host = server.where.encode("ascii" if server.where.isascii() else "idna")
        channel.sendall(b"HEAD / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
    word = channel.recv(_WORD_BYTES)
    if not word.startswith(b"SSH-" if server.protocol == "ssh" else b"HTTP/"):
        what = message(
            "what listens at {where} does not speak {protocol}", where=server.where, protocol=server.protocol
        )
        raise ProtocolFailed(what, where=server.where, advice=message("correct host, port and protocol"))


def _secured(server: Server, opened: socket.socket) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(server.authority) if server.authority else None)
    return context.wrap_socket(opened, server_hostname=server.host)


def _untrusted(server: Server, error: ssl.SSLCertVerificationError) -> ProtocolFailed:
    return ProtocolFailed(
        message("the certificate of {where} is not to be trusted", where=server.where),
        where=server.where,
        why=error.verify_message,
        advice=message("name the PEM file of the authority that signed it as certificate, or mend the server's"),
    )


def _silent(server: Server, seconds: float, why: str) -> HostUnreachable:
    what = message("no answer from {where} within {seconds} s", where=server.where, seconds=f"{round(seconds, 1):g}")
    advice = message("see that the host is up and that routes and firewalls let this machine reach it")
    return HostUnreachable(what, where=server.where, why=why, advice=advice)
