"""What an audit is about."""

from dataclasses import dataclass
from typing import Any

import pytest

from sec_ops.compliance.scope import LOCAL, AuditScope
from sec_ops.model.errors import UsageError
from sec_ops.model.organisation import Host, KeySystem
from sec_ops.model.values import Text
from sec_ops.runtime.language import use_language

HOSTS = {name: Host(name=name, address=f"192.0.2.{number}") for number, name in enumerate(("web", "db", "mail"), 1)}


def system(name: str, grading: str, *hosts: str) -> KeySystem:
    values: dict[str, Any] = {"rto_seconds": 3600, "rpo_seconds": 60, "leader": "a", "operator": "b", "unit": "bureau"}
    title = Text(zh=f"系统 {name}", en=f"system {name}")
    return KeySystem(id=name, name=title, grading=grading, hosts=hosts, record_number="no-1", **values)


@dataclass
class Inventory:
    """The part of an inventory that a scope reads."""

    systems: dict[str, KeySystem]

    def hosts_of(self, name: str) -> tuple[Host, ...]:
        return tuple(HOSTS[host] for host in self.systems[name].hosts)

    def select(self, pattern: str) -> tuple[Host, ...]:
        return tuple(host for name, host in HOSTS.items() if name in pattern.split(":"))


INVENTORY = Inventory({"records": system("records", "S3A3G3", "web", "db"), "site": system("site", "S2A2", "web")})


def scope(chosen: str = "", pattern: str = "", level: int | None = None) -> AuditScope:
    return AuditScope.of_inventory(INVENTORY, system=chosen, pattern=pattern, level=level)


def test_all_systems_each_at_its_own_level_and_each_host_once() -> None:
    found = scope()
    assert [(each.id, each.graded.level) for each in found.systems] == [("records", 3), ("site", 2)]
    assert [host.name for host in found.hosts] == ["web", "db"]
    assert found.level == 3


def test_one_system_keeps_what_it_was_filed_with() -> None:
    (found,) = scope("site").systems
    assert (found.grading, found.record_number, found.unit, found.hosts) == ("S2A2G2", "no-1", "bureau", ("web",))


def test_a_level_that_is_asked_for_replaces_the_systems_own() -> None:
    assert scope("site", level=4).level == 4


def test_a_pattern_alone_is_a_system_of_its_own() -> None:
    found = scope(pattern="db:mail")
    assert [(each.id, each.hosts) for each in found.systems] == [("hosts", ("db", "mail"))]
    assert found.level == 3


def test_a_pattern_within_a_system_leaves_the_rest_unvisited() -> None:
    found = scope("records", "db")
    assert [host.name for host in found.hosts] == ["db"]
    assert found.systems[0].hosts == ("db",)
    assert found.systems[0].unvisited == ("web",)


@pytest.mark.parametrize(("chosen", "pattern"), [("nothing", ""), ("", "nothing"), ("site", "mail")])
def test_nothing_to_audit_is_refused(chosen: str, pattern: str) -> None:
    with pytest.raises(UsageError):
        scope(chosen, pattern)


def test_names_outlive_the_language_of_the_process() -> None:
    use_language("en")
    (found,) = AuditScope.of_names(LOCAL, ["here"], None).systems
    assert (found.name.en, found.graded.level) == ("this machine", 3)
    assert found.name.zh != found.name.en
