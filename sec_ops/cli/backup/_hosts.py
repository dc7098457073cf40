"""Hosts of the inventory as backups reach them."""

from sec_ops.cli.backup._planning import Room
from sec_ops.inventory.targets import backup_target
from sec_ops.transport.values import Target

__all__ = ["backup_target_of"]

_VISIT_SECONDS = 60.0


def backup_target_of(room: Room, name: str) -> Target:
    """Return a host that a plan names; it was checked to be in the inventory."""
    return backup_target(room.hosts[name], room.hosts, known_hosts=room.known_hosts, deadline_seconds=_VISIT_SECONDS)
