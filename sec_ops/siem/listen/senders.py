"""Who sends: from an address and the names of a verified certificate to what is known of the records beforehand."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sec_ops.model.log_listener import ApiKey, Listener, Sender
from sec_ops.siem.listen.directory import Directory, Known
from sec_ops.siem.records import Origin, Transport

__all__ = ["Senders", "names_fit", "plain_address"]

TRANSPORTS = {
    "syslog_udp": Transport.SYSLOG_UDP,
    "syslog_tcp": Transport.SYSLOG_TCP,
    "syslog_tls": Transport.SYSLOG_TLS,
    "relp": Transport.RELP,
    "bulk": Transport.BULK,
}
_REMEMBERED = 10_000
"""Origins of one listener: a forged source address can't make more."""
_OTHERS = "others"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(kw_only=True)
class Senders:
    """The senders of one listener, and what the inventory knows of them."""

    listener: Listener
    directory: Directory = field(default_factory=Directory)
    zone: str = ""

    def __post_init__(self) -> None:
        self._origins: dict[tuple[str, tuple[str, ...]], Origin | None] = {}

    def origin(self, address: str, names: Sequence[str] = ()) -> Origin | None:
        """Return the origin of what an address sends, None when it may not send here."""
        key = (address, tuple(names))
        try:
            return self._origins[key]
        except KeyError:
            pass
        origin = self._decide(address, names)
        if len(self._origins) < _REMEMBERED:
            self._origins[key] = origin
        elif origin is not None:
            return self._made(_OTHERS, Known(), Sender())
        return origin

    def of_key(self, key: ApiKey, address: str) -> Origin:
        """Return the origin of what comes with a key: the key decides, the address only names the series."""
        sender = Sender(unit=key.unit, dataset=key.dataset, host=key.host, parser=key.parser, zone=key.zone)
        known = self.directory.known(address)
        name = f"{key.host or known.host or address}:{key.id}"
        return self._made(name, Known(zone=known.zone), sender, peer=address)

    def _decide(self, address: str, names: Sequence[str]) -> Origin | None:
        known = self.directory.known(address, names)
        if not self.listener.senders:
            return self._made(known.host or address, known, Sender(), peer=address)
        parsed = ipaddress.ip_address(address)
        for sender, networks in self._entries:
            if _fits(parsed, names, sender, networks):
                given = Known(parser=known.parser, dataset=known.dataset, zone=known.zone) if sender.relay else known
                return self._made(sender.host or given.host or address, given, sender, peer=address)
        return None

    @cached_property
    def _entries(self) -> list[tuple[Sender, list[_Network]]]:
        return [(each, [ipaddress.ip_network(text) for text in each.networks]) for each in self.listener.senders]

    def _made(self, name: str, known: Known, sender: Sender, peer: str = "") -> Origin:
        transport = TRANSPORTS[self.listener.kind]
        return Origin(
            source=f"{name}:{transport.value}",
            transport=transport,
            host=sender.host or known.host,
            unit=sender.unit or known.unit,
            peer=peer,
            parser=sender.parser or known.parser,
            dataset=sender.dataset or known.dataset,
            zone=sender.zone or known.zone or self.zone,
            encoding=sender.encoding or "",
        )


def plain_address(address: str) -> str:
    """Return an address without its scope, and an IPv4 address that came over IPv6 as what it is."""
    text = address.partition("%")[0]
    return text.removeprefix("::ffff:") if text.startswith("::ffff:") and "." in text else text


def names_fit(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Return whether a certificate's name fits a pattern (RFC 6125: * only as the whole first label)."""
    return any(_name_fits(name.lower(), pattern.lower()) for name in names for pattern in patterns)


def _name_fits(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        label, _, rest = name.partition(".")
        return bool(label) and rest == pattern[2:]
    return name == pattern


def _fits(address: _Address, names: Sequence[str], sender: Sender, networks: Sequence[_Network]) -> bool:
    here = not networks or any(address in network for network in networks)
    return here and (not sender.names or names_fit(names, sender.names))
