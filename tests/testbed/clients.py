"""Files for programs that talk to the bed's hosts: known hosts, an ssh configuration, an Ansible inventory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.testbed.host import Host

__all__ = ["inventory_text", "known_hosts_text", "ssh_config_text"]


def known_hosts_text(hosts: Iterable[Host]) -> str:
    """One line per host: its addresses and name with its real key."""
    return "".join(f"{host.ipv4},{host.ipv6},{host.name} {host.public_key}\n" for host in hosts)


def ssh_config_text(hosts: Iterable[Host], identity: Path, known_hosts: Path) -> str:
    """An ssh_config under which ``ssh host001`` works, strict about keys and never asking."""
    entries = "".join(f"Host {host.name}\n  HostName {host.ipv4}\n  Port {host.port}\n" for host in hosts)
    common = (
        f"Host *\n  User root\n  IdentityFile {identity}\n  IdentitiesOnly yes\n  IdentityAgent none\n"
        f"  BatchMode yes\n  StrictHostKeyChecking yes\n  UserKnownHostsFile {known_hosts}\n"
        "  GlobalKnownHostsFile /dev/null\n"
    )
    return entries + common


def inventory_text(hosts: Iterable[Host], identity: Path, known_hosts: Path, *, user: str = "root") -> str:
    """A YAML inventory for Ansible that needs no other setting to reach ``hosts``."""
    options = f"-o UserKnownHostsFile={known_hosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes"
    common = {
        "ansible_user": user,
        "ansible_ssh_private_key_file": str(identity),
        "ansible_ssh_common_args": options,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    lines = ["all:", "  vars:", *(f"    {name}: {json.dumps(value)}" for name, value in common.items()), "  hosts:"]
    for host in hosts:
        lines += [
            f"    {host.name}:",
            f"      ansible_host: {json.dumps(str(host.ipv4))}",
            f"      ansible_port: {host.port}",
        ]
    return "\n".join(lines) + "\n"
