"""Telling systemd how things stand (sd_notify(3)): ready, stopping, still alive."""

import os
import socket
from collections.abc import Mapping

__all__ = ["notify", "watchdog_seconds"]


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a state such as `READY=1` to the service manager, if there is one that asked for it."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
        try:
            manager.sendto(state.encode(), name)
        except OSError:
            # A manager that has gone is no reason to stop listening.
            return


def watchdog_seconds(environment: Mapping[str, str] = os.environ) -> float | None:
    """Return how often the manager wants to hear that we live, None when it doesn't ask this process."""
    wanted = environment.get("WATCHDOG_USEC", "")
    if not wanted.isdigit() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(wanted) / 1_000_000 / 3
