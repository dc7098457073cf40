"""When a process of this machine began, from `/proc`."""

import os
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["process_began"]


def process_began(pid: int, *, proc: Path = Path("/proc")) -> datetime | None:
    """Return the aware UTC time at which a process began, None when there is none; to about a second.

    Source: proc(5), field 22 of `stat` in clock ticks after boot, `btime` of `/proc/stat`.
    """
    try:
        fields = (proc / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
        if fields[0] == _ZOMBIE:
            return None
        ticks = int(fields[19])
        booted = next(line for line in (proc / "stat").read_bytes().splitlines() if line.startswith(b"btime "))
    except (OSError, ValueError, IndexError, StopIteration):
        return None if _gone(pid) else _ALWAYS
    return datetime.fromtimestamp(int(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK"), UTC)


def _gone(pid: int) -> bool:
    """Return whether there is no such process; one that is only hidden from us (hidepid) is there."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError, ValueError):
        return True
    except PermissionError:
        return False
    return False


_ZOMBIE = b"Z"
"""It has ended and holds nothing any more: nobody has asked yet how it ended."""

_ALWAYS = datetime.fromtimestamp(0, UTC)
