"""The bed's address plan: pure arithmetic, the same in each bed, for no bed can see another."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

__all__ = [
    "CONTROLLER_IPV4",
    "CONTROLLER_IPV6",
    "LARGEST_INDEX",
    "dead_ipv4",
    "dead_ipv6",
    "host_ipv4",
    "host_ipv6",
    "host_mac",
    "host_name",
    "interface",
]

CONTROLLER_IPV4 = IPv4Address("10.77.0.1")
# A unique local prefix of RFC 4193, drawn once for the test bed.
CONTROLLER_IPV6 = IPv6Address("fd9b:54e2:7c31::1")
LARGEST_INDEX = 4000

_HOSTS_IPV4 = IPv4Address("10.77.1.0")
_HOSTS_IPV6 = IPv6Address("fd9b:54e2:7c31::1:0")
_DEAD_IPV4 = IPv4Address("10.77.255.0")
_DEAD_IPV6 = IPv6Address("fd9b:54e2:7c31::dead:0")


def host_name(index: int) -> str:
    """The name of host ``index`` (from 1)."""
    return f"host{index:03d}"


def host_ipv4(index: int) -> IPv4Address:
    """The IPv4 address of host ``index``; the last byte is never 0 or 255."""
    return _HOSTS_IPV4 + (index - 1) // 250 * 256 + (index - 1) % 250 + 1


def host_ipv6(index: int) -> IPv6Address:
    """The IPv6 address of host ``index``."""
    return _HOSTS_IPV6 + index


def host_mac(index: int) -> str:
    """A fixed MAC: a host that comes back with a new one costs its peers seconds of stale neighbour entries."""
    return f"02:77:00:00:{index >> 8:02x}:{index & 255:02x}"


def dead_ipv4(index: int) -> IPv4Address:
    """An address inside the bed's network where nobody ever is (1 to 250)."""
    return _DEAD_IPV4 + index


def dead_ipv6(index: int) -> IPv6Address:
    """An IPv6 address inside the bed's network where nobody ever is."""
    return _DEAD_IPV6 + index


def interface(address: IPv4Address | IPv6Address) -> IPv4Interface | IPv6Interface:
    """The address with the bed's prefix length, as ``ip addr add`` takes it."""
    if isinstance(address, IPv4Address):
        return IPv4Interface(f"{address}/16")
    return IPv6Interface(f"{address}/64")
