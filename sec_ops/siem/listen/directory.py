"""What the inventory knows of senders: hosts by address and name, devices by the addresses of their log source."""

from collections.abc import Mapping

from sec_ops.inventory.inventory import Inventory
from sec_ops.model.log_source import LogSource
from sec_ops.model.organisation import KeySystem
from sec_ops.siem.listen.senders import Known

__all__ = ["known_senders"]


def known_senders(inventory: Inventory) -> Mapping[str, Known]:
    """Return what is known of every address and host name that may send.

    Where several log sources share one, its parser and dataset are known only if they agree.
    """
    known: dict[str, Known] = {}
    for host in inventory.hosts.values():
        for name in (host.name, host.address):
            known.setdefault(name, Known(host=host.name, unit=inventory.unit_of(host.name)))
    told: dict[str, Known] = {}
    for system in inventory.systems.values():
        for source in system.log_sources:
            if source.collect in ("syslog", "bulk"):
                for address, host_name in _addresses(source, system, inventory).items():
                    given = _given(source, system, host_name, known.get(address, Known()))
                    told[address] = _agreed(told.get(address, given), given)
    return known | told


def _addresses(source: LogSource, system: KeySystem, inventory: Inventory) -> dict[str, str]:
    """Return every address and name a source sends from, with the host or object that it is."""
    if source.addresses:
        return dict.fromkeys(source.addresses, source.object or "")
    hosts = inventory.select(":".join(source.hosts)) if source.hosts else inventory.hosts_of(system.id)
    return {name: host.name for host in hosts for name in (host.name, host.address)}


def _given(source: LogSource, system: KeySystem, host: str, known: Known) -> Known:
    return Known(
        host=host or known.host,
        unit=known.unit or system.unit,
        parser=source.parser or "",
        dataset=source.dataset or "",
        zone=source.zone or "",
    )


def _agreed(one: Known, other: Known) -> Known:
    return Known(
        host=one.host,
        unit=one.unit,
        parser=one.parser if one.parser == other.parser else "",
        dataset=one.dataset if one.dataset == other.dataset else "",
        zone=one.zone if one.zone == other.zone else "",
    )
