"""An audit of 200 hosts of which 20 are down, in one command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.audit_site import AuditSite, host_variables
from tests.testbed import Bed

pytestmark = pytest.mark.integration

UP, DOWN = 180, 20


@pytest.fixture(scope="module")
def fleet(bed: Bed) -> Iterator[Bed]:
    """A bed of its own: taking it down is quicker than cleaning 180 hosts."""
    with Bed.create() as made:
        made.up(UP)
        yield made


def test_who_is_down_is_named_and_the_others_are_judged(fleet: Bed, tmp_path: Path) -> None:
    up = {host.name: host_variables(host, fleet) for host in fleet.hosts}
    plain = host_variables(fleet.host(1), fleet)
    down = {f"down-{address}": plain | {"ansible_host": str(address)} for address in fleet.dead_addresses(DOWN)}
    site = AuditSite(root=tmp_path / "site", prefix=fleet.controller_command([])).init()
    site.write_hosts({**up, **down}, fleet.known_hosts.read_text())
    answer = site.audit(timeout=600)
    assert answer.code == 3, answer.stderr
    hosts = answer.hosts()
    assert {name for name, host in hosts.items() if host["state"] == "failed"} == set(down)
    assert {hosts[name]["error"] for name in down} == {"host_unreachable"}
    assert all(hosts[name]["reason"] for name in down)
    assert {hosts[name]["state"] for name in up} == {"collected"}
    parts = [part for clause in answer.document["clauses"] for part in clause["parts"] if part["findings"]]
    assert {finding["host"] for part in parts for finding in part["findings"]} == set(up)
    assert "compliant" not in {part["verdict"] for part in parts}
    assert site.verify()["faults"] == []
