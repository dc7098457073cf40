"""The syslog door outward: one RFC 5424 message to a collector, by Unix socket, UDP, TCP or TLS (RFC 5425, 6587)."""

import socket
import ssl
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sec_ops.model.errors import ConnectionLost, ConnectionRefused, HostUnreachable, NameUnknown, TransportError
from sec_ops.model.messages import message

__all__ = ["SyslogTarget", "send_syslog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyslogTarget:
    """Where to: `address` is a socket's path for `unix`, else a name or address."""

    protocol: Literal["unix", "udp", "tcp", "tls"]
    address: str
    port: int = 514
    ca: Path | None = None
    deadline_seconds: float = 10


def send_syslog(target: SyslogTarget, frame: bytes) -> None:
    """Send one message; raises a TransportError. Syslog acknowledges nothing: what was sent may still be lost."""
    try:
        with ExitStack() as stack:
            if target.protocol == "unix":
                _send_unix(stack, target, frame)
            elif target.protocol == "udp":
                _send_udp(stack, target, frame)
            else:
                _send_stream(stack, target, frame)
    except OSError as error:
        raise _told(target, error) from error


def _send_unix(stack: ExitStack, target: SyslogTarget, frame: bytes) -> None:
    channel = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    channel.settimeout(target.deadline_seconds)
    channel.sendto(frame, target.address)


def _send_udp(stack: ExitStack, target: SyslogTarget, frame: bytes) -> None:
    family, kind, protocol, _name, address = socket.getaddrinfo(target.address, target.port, type=socket.SOCK_DGRAM)[0]
    channel = stack.enter_context(socket.socket(family, kind, protocol))
    channel.connect(address)
    channel.send(frame)


def _send_stream(stack: ExitStack, target: SyslogTarget, frame: bytes) -> None:
    """Send octet-counted; closing politely lets the peer take what is on its way."""
    plain = socket.create_connection((target.address, target.port), target.deadline_seconds)
    channel: socket.socket = stack.enter_context(plain)
    if target.protocol == "tls":
        context = ssl.create_default_context(cafile=str(target.ca) if target.ca else None)
        channel = stack.enter_context(context.wrap_socket(plain, server_hostname=target.address))
    channel.sendall(b"%d %s" % (len(frame), frame))
    with suppress(OSError):  # all is sent; many collectors close without a farewell
        if isinstance(channel, ssl.SSLSocket):
            channel = channel.unwrap()
        channel.shutdown(socket.SHUT_WR)


def _told(target: SyslogTarget, error: OSError) -> TransportError:
    where = target.address if target.protocol == "unix" else f"{target.address} port {target.port}"
    why = error.strerror or str(error)
    if isinstance(error, socket.gaierror):
        return NameUnknown(message("{host}: the name has no address", host=target.address), where=where, why=why)
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):
        return ConnectionRefused(
            message("{host}: nothing takes syslog there", host=target.address), where=where, why=why
        )
    if isinstance(error, TimeoutError):
        return HostUnreachable(message("{host}: no answer in time", host=target.address), where=where, why=why)
    return ConnectionLost(message("{host}: the message did not get through", host=target.address), where=where, why=why)
