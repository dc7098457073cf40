"""What this machine would send through or ask: its gateways and its name servers, as the system has them."""

import ipaddress
import socket
import struct
from contextlib import suppress
from pathlib import Path

__all__ = ["answers", "gateways", "name_servers"]

_GATEWAY = 0x2
_HEXADECIMAL = 16
_FIELDS_V6 = 10


def gateways(proc: Path = Path("/proc/net")) -> tuple[str, ...]:
    """Return the addresses packets for elsewhere are sent to, of IPv4 and IPv6 (Linux, `/proc/net/route`)."""
    found = []
    for line in _lines(proc / "route")[1:]:
        fields = line.split()
        with suppress(IndexError, ValueError, struct.error):
            if int(fields[3], _HEXADECIMAL) & _GATEWAY:
                found.append(socket.inet_ntoa(struct.pack("=I", int(fields[2], _HEXADECIMAL))))
    for line in _lines(proc / "ipv6_route"):
        fields = line.split()
        if len(fields) == _FIELDS_V6 and fields[4] != "0" * 32:
            found.append(str(ipaddress.IPv6Address(int(fields[4], _HEXADECIMAL))))
    return tuple(dict.fromkeys(found))


def name_servers(configuration: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """Return the addresses names are asked of."""
    words = [line.split() for line in _lines(configuration)]
    named = [each[1].partition("%")[0] for each in words if each[:1] == ["nameserver"] and len(each) > 1]
    return tuple(dict.fromkeys(each for each in named if _is_address(each)))


def answers(address: str, port: int, *, seconds: float) -> bool:
    """Return whether something takes a connection at a numeric address; nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as opened:
        opened.settimeout(seconds)
        return opened.connect_ex((address, port)) == 0
    return False


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
