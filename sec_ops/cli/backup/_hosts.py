"""Hosts of the inventory as backups reach them."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from sec_ops.cli.backup._planning import Room
from sec_ops.inventory.targets import backup_target
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Target

if TYPE_CHECKING:
    from sec_ops.backup.remote.there import There

__all__ = ["backup_target_of", "connected"]

_VISIT_SECONDS = 60.0


def backup_target_of(room: Room, name: str) -> Target:
    """Return a host that a plan names; it was checked to be in the inventory."""
    return backup_target(room.hosts[name], room.hosts, known_hosts=room.known_hosts, deadline_seconds=_VISIT_SECONDS)


def connected(room: Room, name: str, *, silence_seconds: float) -> "AbstractContextManager[There]":
    """Connect to a host, which is taken for lost after so long without a sign of life.

    Raises ContentInvalid for secrets that can't be read, TransportError, ProgramMissing without Python there.
    """
    from sec_ops.backup.remote.there import at_host

    secrets = Secrets(run_program=run_program)
    return at_host(
        backup_target_of(room, name), read_secret=secrets, clock=SystemClock(), silence_seconds=silence_seconds
    )
