"""The inventory as one value: units, key systems, people, hosts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sec_ops.inventory.patterns import matching, select
from sec_ops.model.content import Layer
from sec_ops.model.organisation import Host, KeySystem, Unit
from sec_ops.model.people import Person

__all__ = ["Inventory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A checked inventory: every reference in it leads somewhere. `folder` is where its files lie."""

    folder: Path
    layer: Layer
    units: Mapping[str, Unit]
    systems: Mapping[str, KeySystem]
    people: Mapping[str, Person]
    hosts: Mapping[str, Host]
    groups: Mapping[str, tuple[str, ...]]

    def hosts_of(self, system: str) -> tuple[Host, ...]:
        """Return the hosts of a key system, in the inventory's order; raises KeyError for an unknown system."""
        return self.named(self.systems[system].hosts)

    def systems_of(self, host: str) -> tuple[KeySystem, ...]:
        """Return the key systems a host belongs to."""
        return tuple(each for each in self.systems.values() if host in {found.name for found in self.hosts_of(each.id)})

    def unit_of(self, host: str) -> str:
        """Return the unit of a host: its own, else that of its first key system, else empty."""
        systems = self.systems_of(host)
        return self.hosts[host].unit or (systems[0].unit if systems else "")

    def select(self, pattern: str) -> tuple[Host, ...]:
        """Return the hosts of a pattern such as `web*:db:!school-7`; raises UsageError when a term names nothing."""
        return tuple(self.hosts[name] for name in select(pattern, self.hosts, self.groups))

    def named(self, terms: tuple[str, ...]) -> tuple[Host, ...]:
        """Return the hosts that names, groups or globs stand for, in the inventory's order."""
        names = set[str]().union(*(matching(term, self.hosts, self.groups) for term in terms))
        return tuple(host for name, host in self.hosts.items() if name in names)
