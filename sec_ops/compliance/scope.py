"""What an audit is about: which key systems, at which level, on which hosts. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import Field

from sec_ops.model.clause import RequirementSet
from sec_ops.model.errors import UsageError
from sec_ops.model.grading import Grading, parse_grading, uniform_grading
from sec_ops.model.messages import message
from sec_ops.model.organisation import AssessedObject, Host, KeySystem, NotApplicable
from sec_ops.model.values import Text, Value
from sec_ops.runtime.bilingual import bilingual

__all__ = ["DEFAULT_LEVEL", "HOSTS", "LOCAL", "PACKS", "AuditScope", "Inventoried", "ScopedSystem"]

DEFAULT_LEVEL = 3
LOCAL = "local"
HOSTS = "hosts"
PACKS = "packs"


class Inventoried(Protocol):
    """The part of an inventory that a scope needs."""

    @property
    def systems(self) -> Mapping[str, KeySystem]:
        """Return the key systems by id."""
        ...

    def hosts_of(self, system: str) -> tuple[Host, ...]:
        """Return the hosts of a key system."""
        ...

    def select(self, pattern: str) -> tuple[Host, ...]:
        """Return the hosts of a pattern."""
        ...


class ScopedSystem(Value):
    """A system as it will be judged; `hosts` are names. It stays with the run, to be judged again."""

    id: str
    name: Text
    grading: str = Field(description="such as S3A3G3")
    hosts: tuple[str, ...]
    unvisited: tuple[str, ...] = ()
    record_number: str = ""
    unit: str = ""
    requirement_sets: tuple[RequirementSet, ...] = ()
    objects: tuple[AssessedObject, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()

    @property
    def graded(self) -> Grading:
        """Return the grading by its parts."""
        return parse_grading(self.grading)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """The systems of an audit and the hosts to visit, each once."""

    systems: tuple[ScopedSystem, ...]
    hosts: tuple[Host, ...] = ()

    @property
    def level(self) -> int:
        """Return the highest level among the systems."""
        return max(system.graded.level for system in self.systems)

    def at_level(self, level: int | None) -> "AuditScope":
        """Return the scope with every system judged at `level`, or as it is without one."""
        if level is None:
            return self
        grading = str(uniform_grading(level))
        return replace(self, systems=tuple(each.model_copy(update={"grading": grading}) for each in self.systems))

    @classmethod
    def of_names(cls, kind: str, names: Iterable[str], level: int | None) -> "AuditScope":
        """Return the scope of hosts that no inventory knows: this machine, or fact packs that were brought."""
        system = ScopedSystem(
            id=kind,
            name=bilingual(_NAMES[kind]),
            grading=str(uniform_grading(level or DEFAULT_LEVEL)),
            hosts=tuple(names),
        )
        return cls(systems=(system,))

    @classmethod
    def of_inventory(cls, inventory: Inventoried, *, system: str, pattern: str, level: int | None) -> "AuditScope":
        """Return the scope of one key system, of a pattern of hosts, or of all key systems.

        `level` replaces the systems' own. Raises UsageError when the system is unknown or nothing is left to audit.
        """
        if pattern and not system:
            return cls._of_hosts(inventory.select(pattern), level)
        chosen = [_known(inventory.systems, system)] if system else list(inventory.systems.values())
        wanted = {host.name for host in inventory.select(pattern)} if pattern else None
        hosts = {host.name: host for each in chosen for host in inventory.hosts_of(each.id)}
        visited = {name: host for name, host in hosts.items() if wanted is None or name in wanted}
        scope = tuple(_scoped(each, inventory, visited, level) for each in chosen)
        return _not_empty(cls(systems=scope, hosts=tuple(visited.values())))

    @classmethod
    def _of_hosts(cls, hosts: tuple[Host, ...], level: int | None) -> "AuditScope":
        names = cls.of_names(HOSTS, (host.name for host in hosts), level)
        return _not_empty(cls(systems=names.systems, hosts=hosts))


_NAMES = {
    LOCAL: message("this machine"),
    HOSTS: message("selected hosts"),
    PACKS: message("fact packs brought to us"),
}


def _scoped(system: KeySystem, inventory: Inventoried, visited: Mapping[str, Host], level: int | None) -> ScopedSystem:
    return ScopedSystem(
        id=system.id,
        name=system.name,
        grading=str(uniform_grading(level)) if level else system.grading,
        hosts=tuple(host.name for host in inventory.hosts_of(system.id) if host.name in visited),
        unvisited=tuple(host.name for host in inventory.hosts_of(system.id) if host.name not in visited),
        record_number=system.record_number,
        unit=system.unit,
        requirement_sets=system.requirement_sets,
        objects=system.objects,
        not_applicable=system.not_applicable,
    )


def _known(systems: Mapping[str, KeySystem], name: str) -> KeySystem:
    if name not in systems:
        advice = message("systems of the inventory: {names}", names=", ".join(sorted(systems)) or "-")
        raise UsageError(message("the inventory has no key system {name}", name=name), advice=advice)
    return systems[name]


def _not_empty(scope: AuditScope) -> AuditScope:
    if not scope.systems or not scope.hosts:
        advice = message("see what there is: sec-ops inventory list, or audit this machine: sec-ops audit run --local")
        raise UsageError(message("no host is left to audit"), advice=advice)
    return scope
