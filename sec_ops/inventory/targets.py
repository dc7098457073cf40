"""From hosts of the inventory to targets of the SSH door, jump hosts included."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sec_ops.model.organisation import Host
from sec_ops.transport.values import Privilege, Target

__all__ = ["backup_target", "targets_of"]


def targets_of(
    chosen: Sequence[Host], hosts: Mapping[str, Host], *, known_hosts: Path, deadline_seconds: float
) -> list[Target]:
    """Return the targets of chosen hosts; `hosts` has those on their way. A host without a user is visited as root."""
    return [
        _target(host, _way(host, hosts, known_hosts, deadline_seconds), known_hosts, deadline_seconds)
        for host in chosen
    ]


def backup_target(host: Host, hosts: Mapping[str, Host], *, known_hosts: Path, deadline_seconds: float) -> Target:
    """Return a host as backups reach it: by the account it has for them, else by its usual one."""
    account = host.backup
    if account is not None:
        host = replace(
            host,
            user=account.user,
            key_file=account.key_file or host.key_file,
            key_passphrase=None if account.key_file else host.key_passphrase,
            privilege=account.privilege,
            sudo_password=account.sudo_password,
            password=None,
        )
    (target,) = targets_of([host], hosts, known_hosts=known_hosts, deadline_seconds=deadline_seconds)
    return target


def _way(host: Host, hosts: Mapping[str, Host], known_hosts: Path, deadline_seconds: float) -> Target | None:
    way: Target | None = None
    for name in host.jump:
        way = _target(hosts[name], way, known_hosts, deadline_seconds)
    return way


def _target(host: Host, jump: Target | None, known_hosts: Path, deadline_seconds: float) -> Target:
    return Target(
        name=host.name,
        address=host.address,
        port=host.port,
        user=host.user or "root",
        known_hosts=known_hosts,
        identity_file=Path(host.key_file).expanduser() if host.key_file else None,
        identity_passphrase=host.key_passphrase,
        password=host.password,
        privilege=Privilege(host.privilege),
        sudo_password=host.sudo_password,
        deadline_seconds=deadline_seconds,
        jump=jump,
    )
