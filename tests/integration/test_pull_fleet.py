"""`logs pull` over a fleet: every way to read, a host behind a jump host, a dead one, and what a host is left with."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from sec_ops.siem.raw.layout import stream_names
from sec_ops.siem.raw.reading import read_stream
from tests.integration.audit_site import AuditSite, host_variables
from tests.testbed.bed import Bed
from tests.testbed.changes import upper_changes, upper_entries
from tests.testbed.host import Host

pytestmark = pytest.mark.integration

LOG = "/var/log/auth.log"
NAME = {"zh": "x", "en": "x"}


def lines(host: Host, first: int, last: int) -> list[str]:
    return [f"2026-11-26T00:00:{number:02}+00:00 {host.name} sshd[1]: line {number}" for number in range(first, last)]


def add(host: Host, first: int, last: int) -> None:
    text = "".join(f"{line}\n" for line in lines(host, first, last))
    host.run(["sh", "-c", f"cat >> {LOG}; chown root:adm {LOG}; chmod 0640 {LOG}"], data=text.encode())


def made_site(folder: Path, bed: Bed, hosts: Mapping[str, Mapping[str, object]]) -> AuditSite:
    site = AuditSite(root=folder / "site", prefix=bed.controller_command([])).init()
    site.write_hosts(hosts, bed.known_hosts.read_text())
    units = [{"id": "city", "name": NAME, "kind": "city"}]
    site.write("inventory/sites/city.yml", json.dumps({"units": units}))
    people = [{"id": "lin", "name": "Lin", "unit": "city", "roles": [], "keys": []}]
    site.write("inventory/people.yml", json.dumps({"people": people}))
    system: dict[str, object] = {
        "id": "records",
        "name": NAME,
        "unit": "city",
        "grading": "S3A3G3",
        "leader": "lin",
        "operator": "lin",
    }
    system |= {"rto_seconds": 1, "rpo_seconds": 1, "hosts": list(hosts)}
    system |= {"log_sources": [{"id": "sign-in", "collect": "pull", "paths": [LOG]}]}
    site.write("inventory/systems/records.yml", json.dumps(system))
    return site


def kept(site: AuditSite) -> dict[str, list[str]]:
    folder, found = site.root / "var/logs", dict[str, list[str]]()
    for stream in stream_names(folder / "raw"):
        for _, batch in read_stream(folder, stream):
            found.setdefault(batch.origin.host, []).extend(record.decode() for record in batch.records)
    return found


def test_each_host_in_its_own_way_once_and_the_others_go_on(bed, hosts, tmp_path):
    root, sudo, member, stranger, hidden = hosts(5)
    (dead,) = bed.dead_addresses(1)
    for host in (root, sudo, member, stranger, hidden):
        add(host, 0, 10)
    member.run(["usermod", "-aG", "adm", "guest"])
    hidden.run(["ip", "route", "add", "blackhole", "10.77.0.1/32"])
    site = made_site(
        tmp_path,
        bed,
        {
            root.name: host_variables(root, bed),
            sudo.name: host_variables(sudo, bed, ansible_user="operator", sec_ops_privilege="streamed"),
            member.name: host_variables(member, bed, ansible_user="guest", sec_ops_privilege="pinned"),
            stranger.name: host_variables(stranger, bed, ansible_user="guest", sec_ops_privilege="user"),
            hidden.name: host_variables(hidden, bed, ansible_ssh_common_args=f"-o ProxyJump={root.name}"),
            "dead": host_variables(root, bed, ansible_host=str(dead)),
        },
    )
    first = site.run("logs", "pull")
    assert first.code == 3, first.stderr
    states = {
        host["name"]: (host["state"], host["error"], host["expected"][0]["state"]) for host in first.hosts().values()
    }
    assert states == {
        root.name: ("collected", None, "read"),
        sudo.name: ("collected", None, "read"),
        member.name: ("collected", None, "read"),
        stranger.name: ("incomplete", None, "unreadable"),
        hidden.name: ("collected", None, "read"),
        "dead": ("failed", "host_unreachable", "host_unreachable"),
    }
    assert all(abs(host["clock_offset_ms"]) < 5000 for host in first.hosts().values() if host["name"] != "dead")
    for host in (root, hidden):
        add(host, 10, 20)
        host.write("/etc/logrotate.test", f"{LOG} {{\nrotate 5\ncreate 0640 root adm\ncompress\n}}\n", mode=0o600)
        host.run(["logrotate", "-f", "-s", "/tmp/rotated", "/etc/logrotate.test"])
        add(host, 20, 25)
    second = site.run("logs", "pull", "--hosts", f"{root.name}:{hidden.name}:{sudo.name}")
    assert (second.code, second.document["records"], second.document["gaps"]) == (0, 30, 0), second.stdout
    assert kept(site) == {
        root.name: lines(root, 0, 25),
        sudo.name: lines(sudo, 0, 10),
        member.name: lines(member, 0, 10),
        hidden.name: lines(hidden, 0, 25),
    }
    status = site.run("logs", "status")
    assert {each["host"]: each["state"] for each in status.document["expected"]}["dead"] == "missing"


def test_a_pull_leaves_what_a_login_leaves(bed, hosts, tmp_path):
    """A fetched host differs from one that was only logged in to as often, in nothing."""
    pulled, visited = hosts(2)
    for host in (pulled, visited):
        add(host, 0, 10)
    site = made_site(tmp_path, bed, {pulled.name: host_variables(pulled, bed)})
    before = {host.name: upper_entries(host) for host in (pulled, visited)}
    answer = site.run("logs", "pull")
    assert answer.code == 0
    for _ in range(answer.hosts()[pulled.name]["visits"]):
        subprocess.run(bed.ssh_command(visited, ["true"]), check=True)
    changes = {
        host.name: {(each.change, each.entry.path) for each in upper_changes(host, before[host.name])}
        for host in (pulled, visited)
    }
    assert changes[pulled.name] - changes[visited.name] == set()
