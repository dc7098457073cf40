"""The keeper: one process whose end takes a whole bed with it.

It is PID 1 of the bed's PID namespace and holds the switch in its network namespace. All mounts and interfaces of
the bed live in namespaces of processes below it, so when it ends the kernel removes everything but a folder.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from tests.testbed.errors import TestbedError
from tests.testbed.privileges import without_machine_privileges
from tests.testbed.processes import children, command_line, kill_and_wait, start_time, wait_until

__all__ = ["Keeper", "Lifetime"]

_SCRIPTS = Path(__file__).parent


class Lifetime(StrEnum):
    """How long a bed lives: as long as the process that made it, or until somebody takes it down."""

    OWNER = "owner"
    KEPT = "kept"


class Keeper:
    """A running keeper. ``pid`` is its PID 1 as the machine counts; ``controller`` holds the controller's network."""

    def __init__(self, *, directory: Path, pid: int, controller: int, orders: int) -> None:
        self.directory = directory
        self.pid = pid
        self.controller = controller
        self.started = start_time(pid)
        self._orders = orders

    @classmethod
    def start(cls, directory: Path, lifetime: Lifetime, lock: int) -> Keeper:
        """Start a keeper for the bed in ``directory``; it and all below it hold the descriptor ``lock`` open."""
        script = directory / "init.sh"
        script.write_text((_SCRIPTS / "init.sh").read_text())
        fifo = directory / "orders"
        os.mkfifo(fifo, 0o600)
        orders = os.open(fifo, os.O_RDWR | os.O_CLOEXEC)
        # A keeper that could write to its own pipe would never see the end of it.
        stdin = os.open(fifo, os.O_RDWR if lifetime is Lifetime.KEPT else os.O_RDONLY)
        try:
            with (directory / "keeper.log").open("ab") as log:
                outer = subprocess.Popen(
                    without_machine_privileges(
                        [
                            *("unshare", "--net", "--pid", "--fork", "--kill-child"),
                            *("sh", str(_SCRIPTS / "keeper.sh"), str(directory)),
                        ]
                    ),
                    stdin=stdin,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
        finally:
            os.close(stdin)
        wait_until(lambda: bool(_controllers(outer.pid)), f"the keeper did not start, see {directory}/keeper.log")
        keeper = cls(
            directory=directory,
            pid=children(outer.pid)[0],
            controller=_controllers(outer.pid)[0],
            orders=orders,
        )
        keeper._outer = outer
        return keeper

    @classmethod
    def attach(cls, directory: Path, pid: int, controller: int) -> Keeper:
        """Take up a keeper that another process started. Raises TestbedError when it is gone."""
        if str(directory) not in command_line(pid):
            raise TestbedError(f"the bed in {directory} has no keeper any more: python -m tests.testbed clean")
        return cls(
            directory=directory,
            pid=pid,
            controller=controller,
            orders=os.open(directory / "orders", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC),
        )

    _outer: subprocess.Popen[bytes] | None = None

    @property
    def switch(self) -> str:
        """The path of the switch's network namespace."""
        return f"/proc/{self.pid}/ns/net"

    def order_start(self, indexes: Iterable[int]) -> None:
        """Ask the keeper to start hosts whose folders are prepared."""
        for index in indexes:
            os.write(self._orders, f"start {index}\n".encode())

    def supervisors(self) -> dict[int, int]:
        """The living hosts: index to the process id of the ``unshare`` above the host's PID 1."""
        hosts = f"{self.directory}/hosts/"
        found = {}
        for pid in children(self.pid):
            last = (command_line(pid) or ("",))[-1]
            if last.startswith(hosts):
                found[int(last.removeprefix(hosts))] = pid
        return found

    def stop(self) -> None:
        """End the bed: every process in it is gone when this returns."""
        kill_and_wait(self.pid)
        if self._outer is not None:
            self._outer.wait(30)
        os.close(self._orders)


def _controllers(outer: int) -> tuple[int, ...]:
    return tuple(
        child for keeper in children(outer) for child in children(keeper) if command_line(child)[:1] == ("sleep",)
    )
