"""Addresses of production, and where settings of a drill name one: nothing of a drill may even try to reach it."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sec_ops.content.yaml_reader import Path
from sec_ops.model.backup_plan import BackupPlan, Repository
from sec_ops.model.organisation import Host, KeySystem
from sec_ops.model.values import is_loopback

__all__ = ["Production", "production_of", "texts_in"]

_NAME = re.compile(r"(?<![\w.:%-])(?:::)?[0-9A-Za-z][0-9A-Za-z_.:%-]*")
_PORT = re.compile(r":[0-9]{1,5}$")
_HOST = re.compile(r"(?:rest|s3|sftp):(?:https?:)?(?://)?(?:[^@/]*@)?(\[[^]]+\]|[^:/]+)")
_SERVER = "server"
"""The key under which settings of every kind of source name the machine they ask."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """Names in lower case and networks of hosts, database servers, repositories and devices."""

    names: frozenset[str] = frozenset()
    networks: tuple[_Network, ...] = ()

    def named_in(self, text: str) -> tuple[str, ...]:
        """Return the addresses of production in a text, each as it is written there; folders of a path are none."""
        found = []
        for match in _NAME.finditer(text):
            before = text[: match.start()]
            in_a_path = before.endswith("/") and not before.endswith("//")
            if not in_a_path and self._has(match[0]):
                found.append(match[0])
        return tuple(dict.fromkeys(found))

    def _has(self, word: str) -> bool:
        for each in (word, _PORT.sub("", word)):
            address = _address(each)
            if address is not None:
                return any(address in network for network in self.networks)
        return _PORT.sub("", word).rstrip(".").lower() in self.names


def production_of(
    *,
    hosts: Iterable[Host] = (),
    systems: Iterable[KeySystem] = (),
    plans: Iterable[BackupPlan] = (),
    repositories: Iterable[Repository] = (),
) -> Production:
    """Return what hosts, plans, repositories and log sources name as addresses; loopback is nobody's."""
    words = {each.address for each in hosts}
    words |= {address for system in systems for source in system.log_sources for address in source.addresses}
    words |= {name for plan in plans for source in plan.sources for name in _servers(source.settings)}
    words |= {found[1].strip("[]") for each in repositories if (found := _HOST.match(each.location))}
    named = {word for word in words if word and not is_loopback(word)}
    networks = {word: network for word in sorted(named) if (network := _network(word)) is not None}
    names = frozenset(word.rstrip(".").lower() for word in named - set(networks))
    return Production(names=names, networks=tuple(networks.values()))


def texts_in(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Return every text of a JSON value with its path; keys of maps count as texts at their own path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from texts_in(each, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from texts_in(each, (*path, index))


def _servers(settings: object) -> Iterator[str]:
    """Return the machines that settings name as servers; a path is a socket of the machine itself."""
    for path, text in texts_in(settings):
        if path[-1:] == (_SERVER,) and not text.startswith("/"):
            yield text if _address(text) else _PORT.sub("", text).strip("[]")


def _network(word: str) -> _Network | None:
    try:
        return ipaddress.ip_network(word, strict=False)
    except ValueError:
        return None


def _address(word: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address a word is, an IPv4 one written as IPv6 as what it is."""
    try:
        address = ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
