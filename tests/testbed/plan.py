"""How a host is to be started: values only."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.testbed.addresses import host_ipv4, host_ipv6, host_mac, host_name, interface

__all__ = ["HostPlan", "Program", "settings_text"]


class Program(StrEnum):
    """What runs as PID 1 of a host: an sshd, or something that listens nowhere."""

    SSHD = "/usr/sbin/sshd -D -e"
    NOTHING = "/usr/bin/sleep infinity"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """A host's variant: overlay layers over the root (top first), size of its disk in bytes, its PID 1."""

    layers: tuple[Path, ...] = ()
    upper_bytes: int | None = None
    program: Program = Program.SSHD


def settings_text(index: int, plan: HostPlan, lower: tuple[Path, ...], switch: str) -> str:
    """The shell variables ``init.sh`` reads; ``lower`` are the layers every host of the bed shares."""
    values = {
        "INDEX": str(index),
        "NAME": host_name(index),
        "MAC": host_mac(index),
        "IPV4": str(interface(host_ipv4(index))),
        "IPV6": str(interface(host_ipv6(index))),
        "SWITCH": switch,
        "LOWER": ":".join(str(path) for path in (*plan.layers, *lower)),
        "UPPER_BYTES": "" if plan.upper_bytes is None else str(plan.upper_bytes),
        "PROGRAM": plan.program.value,
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
