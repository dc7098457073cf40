"""What a host's root must not be able to do to the machine it runs on."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["WITHHELD", "without_machine_privileges"]

# The clock, modules, ports, reboot and access policy are the machine's, not a namespace's: a test that
# hardens a host, or a mistyped command in one, must not reach them.
WITHHELD = ("sys_time", "sys_module", "sys_rawio", "sys_boot", "mac_admin", "mac_override")


def without_machine_privileges(argv: Sequence[str]) -> list[str]:
    """The command line that runs ``argv``, and all it starts, without the capabilities in ``WITHHELD``."""
    return ["setpriv", f"--bounding-set={','.join(f'-{name}' for name in WITHHELD)}", *argv]
