"""Reading the process table: children, command lines, start times, endings."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.testbed.errors import TestbedError

__all__ = ["children", "command_line", "kill_and_wait", "proportional_set_size", "start_time", "wait_until"]


def children(pid: int) -> tuple[int, ...]:
    """The process ids of the living children of ``pid``, empty when it is gone."""
    try:
        return tuple(int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    except OSError:
        return ()


def command_line(pid: int) -> tuple[str, ...]:
    """The arguments ``pid`` runs with, empty when it is gone or a zombie."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(part.decode("utf-8", "replace") for part in raw.split(b"\0")[:-1])


def start_time(pid: int) -> int | None:
    """Clock ticks between the machine's start and that of ``pid``; with the id it names a process for good."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # A zombie has ended: only its parent has not looked yet.
    return None if fields[0] in "ZX" else int(fields[19])


def proportional_set_size(pid: int) -> int:
    """Memory of ``pid`` in KiB with shared pages divided among their users (PSS), 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def kill_and_wait(*pids: int, timeout: float = 30.0) -> None:
    """Kill processes with SIGKILL and wait until all have ended. Raises TestbedError when one does not."""
    started = {pid: ticks for pid in pids if (ticks := start_time(pid)) is not None}
    for pid in started:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid, ticks in started.items():
        wait_until(partial(_has_ended, pid, ticks), f"process {pid} did not end after SIGKILL", timeout=timeout)


def _has_ended(pid: int, started: int) -> bool:
    return start_time(pid) != started


def wait_until(condition: Callable[[], bool], failure: str, *, timeout: float = 30.0, pause: float = 0.005) -> None:
    """Return once ``condition`` holds; raise TestbedError(``failure``) after ``timeout`` seconds."""
    limit = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > limit:
            raise TestbedError(f"{failure} (waited {timeout:.0f} s)")
        time.sleep(pause)
