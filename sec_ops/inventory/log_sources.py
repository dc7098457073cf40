"""Which logs the inventory expects, from which host or device, and whose log it is that comes from an address. Pure."""

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from sec_ops.inventory.inventory import Inventory
from sec_ops.model.log_source import LogSource
from sec_ops.model.organisation import KeySystem

__all__ = ["Expected", "Sender", "Senders", "expected_sources", "network_of", "senders_of"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str], Iterable[str]]
"""The addresses of a host's name; empty when it has none now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One source that should arrive: a log source 日志源 of a key system, from a host or an object that is none."""

    system: str
    unit: str
    host: str
    source: LogSource

    @property
    def name(self) -> str:
        """Return what it is called: `system/source@host`, or the object in the host's place."""
        return f"{self.system}/{self.source.id}@{self.host or self.source.object or '-'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose log comes from an address: host (or object), unit, and the expected source if one is; empty: unknown."""

    host: str = ""
    unit: str = ""
    system: str = ""
    source: str = ""
    parser: str = ""
    dataset: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Senders:
    """Networks, the narrowest first, and who sends from them."""

    networks: tuple[tuple[Network, Sender], ...]

    def of(self, address: str) -> Sender | None:
        """Return who sends from an address, None for a stranger; an address inside IPv6 counts as the IPv4 it is."""
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        plain = found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
        return next((sender for network, sender in self.networks if plain in network), None)


def expected_sources(inventory: Inventory) -> tuple[Expected, ...]:
    """Return every expected source, in the order of systems, sources and hosts."""
    return tuple(_expected(inventory))


def senders_of(inventory: Inventory, resolve: Resolve) -> Senders:
    """Return who sends from which address: addresses of log sources first, then the addresses of hosts.

    Among several log sources of one host the first that is sent (`syslog`, `bulk`) stands for it; its parser, dataset
    and zone only where the others agree, for each speaks for its own records alone.
    """
    named: dict[Network | None, Sender] = {}
    for each in _expected(inventory):
        if each.source.collect in ("syslog", "bulk"):
            for text in each.source.addresses or _addresses(inventory, each.host, resolve):
                network, sender = network_of(text), _sender(each)
                named[network] = _agreed(named.get(network, sender), sender)
    for host in inventory.hosts.values():
        for text in _addresses(inventory, host.name, resolve):
            named.setdefault(network_of(text), Sender(host=host.name, unit=inventory.unit_of(host.name)))
    known = [(network, sender) for network, sender in named.items() if network is not None]
    return Senders(tuple(sorted(known, key=lambda pair: -pair[0].prefixlen)))


def network_of(text: str) -> Network | None:
    """Return an address or a network (`192.0.2.0/24`) as a network, None when it is neither."""
    try:
        return ipaddress.ip_network(text.partition("%")[0].strip("[]"))
    except ValueError:
        return None


def _expected(inventory: Inventory) -> Iterator[Expected]:
    for system in inventory.systems.values():
        for source in system.log_sources:
            for host in _hosts(inventory, system, source):
                unit = inventory.hosts[host].unit or system.unit if host else system.unit
                yield Expected(system=system.id, unit=unit, host=host, source=source)


def _hosts(inventory: Inventory, system: KeySystem, source: LogSource) -> list[str]:
    if source.object is not None:
        return [""]
    if source.hosts:
        return [host.name for host in inventory.named(source.hosts)]
    return [host.name for host in inventory.hosts_of(system.id)]


def _addresses(inventory: Inventory, name: str, resolve: Resolve) -> list[str]:
    if name not in inventory.hosts:
        return []
    address = inventory.hosts[name].address
    return [address] if network_of(address) else list(resolve(address))


def _agreed(first: Sender, other: Sender) -> Sender:
    return replace(
        first,
        parser=first.parser if first.parser == other.parser else "",
        dataset=first.dataset if first.dataset == other.dataset else "",
        zone=first.zone if first.zone == other.zone else "",
    )


def _sender(expected: Expected) -> Sender:
    source = expected.source
    return Sender(
        host=expected.host or source.object or "",
        unit=expected.unit,
        system=expected.system,
        source=source.id,
        parser=source.parser or "",
        dataset=source.dataset or "",
        zone=source.zone or "",
    )
