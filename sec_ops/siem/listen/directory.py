"""What the inventory knows of senders: by address, and by the names that verified certificates carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.log_sources import Resolve, Senders, senders_of
from sec_ops.inventory.log_sources import Sender as Known

__all__ = ["Directory", "Known", "directory_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Hosts and devices as senders; without an inventory nobody is known."""

    addresses: Senders = field(default_factory=lambda: Senders(()))
    names: Mapping[str, Known] = field(default_factory=dict)

    def known(self, address: str, names: Sequence[str] = ()) -> Known:
        """Return who it is; a verified name tells more than an address. Empty for a stranger."""
        named = next((self.names[name] for name in names if name in self.names), None)
        return named or self.addresses.of(address) or Known()


def directory_of(inventory: Inventory, resolve: Resolve) -> Directory:
    """Return what an inventory knows of those who may send; names that are no address are resolved now."""
    addresses = senders_of(inventory, resolve)
    names: dict[str, Known] = {}
    for host in inventory.hosts.values():
        known = Known(host=host.name, unit=inventory.unit_of(host.name))
        for address in (host.address, *resolve(host.address)):
            found = addresses.of(address)
            known = found if found and found.host == host.name else known
        names |= dict.fromkeys((host.name, host.address), known)
    return Directory(addresses=addresses, names=names)
