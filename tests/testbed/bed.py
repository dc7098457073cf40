"""A bed: a switch, a controller's place and any number of hosts, all out of this machine's network's sight."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.testbed import network
from tests.testbed.accounts import Account, make_accounts, make_key_pair, write_account_layer
from tests.testbed.addresses import LARGEST_INDEX, dead_ipv4
from tests.testbed.base import RootSpec, ensure_root
from tests.testbed.clients import inventory_text, known_hosts_text, ssh_config_text
from tests.testbed.errors import TestbedError
from tests.testbed.host import Host
from tests.testbed.keeper import Keeper, Lifetime
from tests.testbed.namespaces import enter_network, in_network
from tests.testbed.plan import HostPlan
from tests.testbed.processes import children, command_line, kill_and_wait, start_time, wait_until
from tests.testbed.records import Record, bed_directory, claim

__all__ = ["Bed"]

_CLEAN = HostPlan()
# One in a shared hurry: more at once only queue up behind the kernel's own lock on links and mounts.
_AT_ONCE = 4


class Bed:
    """A running bed. Make one with ``create``, take up one of another process with ``attach``."""

    def __init__(self, directory: Path, keeper: Keeper, record: Record) -> None:
        self.directory = directory
        self.keeper = keeper
        self.lower = (directory / "layer", Path(record.root))
        self.accounts = {account.name: account for account in record.accounts}
        self._hosts: dict[int, Host] = {}

    @classmethod
    def create(
        cls, *, name: str | None = None, root: RootSpec | None = None, lifetime: Lifetime = Lifetime.OWNER
    ) -> Bed:
        """Make a bed without hosts, after removing what crashed runs have left.

        The root is built first when the cache lacks it. Raises TestbedError when a bed of that name lives.
        """
        lower = ensure_root(root or RootSpec())
        directory, lock = claim(name or secrets.token_hex(4))
        try:
            return cls._furnish(directory, lower, lifetime, lock)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        finally:
            os.close(lock)

    @classmethod
    def _furnish(cls, directory: Path, lower: Path, lifetime: Lifetime, lock: int) -> Bed:
        (directory / "hosts").mkdir()
        make_key_pair(directory / "id_ed25519", "testbed")
        accounts = make_accounts()
        write_account_layer(directory / "layer", lower, accounts, (directory / "id_ed25519.pub").read_text())
        keeper = Keeper.start(directory, lifetime, lock)
        try:
            record = Record(
                lifetime=lifetime,
                owner=os.getpid(),
                owner_started=start_time(os.getpid()),
                keeper=keeper.pid,
                keeper_started=keeper.started,
                controller=keeper.controller,
                root=str(lower),
                accounts=accounts,
            )
            record.save(directory)
            network.connect_controller(keeper)
            bed = cls(directory, keeper, record)
            bed.write_client_files()
        except BaseException:
            keeper.stop()
            raise
        return bed

    @classmethod
    def attach(cls, name: str) -> Bed:
        """Take up the living bed ``name``. Raises TestbedError when there is none."""
        directory = bed_directory(name)
        record = Record.load(directory)
        bed = cls(directory, Keeper.attach(directory, record.keeper, record.controller), record)
        indexes = sorted(int(path.name) for path in (directory / "hosts").iterdir())
        bed._hosts = {index: Host(bed, index) for index in indexes}
        return bed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """All hosts of the bed, running or not, by index."""
        return tuple(self._hosts[index] for index in sorted(self._hosts))

    @property
    def identity(self) -> Path:
        """The client's private key, good for root and every account on every host."""
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The known hosts file with each host's real key."""
        return self.directory / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        """The ssh configuration under which ``ssh -F FILE host001`` works."""
        return self.directory / "ssh_config"

    def host(self, index: int) -> Host:
        """Host ``index``, from 1. Raises TestbedError when the bed has no such host."""
        if index not in self._hosts:
            raise TestbedError(f"this bed has no host {index}; it has {len(self._hosts)}")
        return self._hosts[index]

    def account(self, name: str) -> Account:
        """The account ``officer``, ``operator`` or ``guest`` with its password."""
        return self.accounts[name]

    def up(self, count: int, *, plan: HostPlan = _CLEAN) -> tuple[Host, ...]:
        """Have hosts 1 to ``count`` running and return them; those not running yet start as ``plan`` says."""
        if not 1 <= count <= LARGEST_INDEX:
            raise TestbedError(f"{count} hosts: between 1 and {LARGEST_INDEX} are possible")
        wanted = [self._hosts.setdefault(index, Host(self, index)) for index in range(1, count + 1)]
        living = self.keeper.supervisors()
        idle = [host for host in wanted if host.index not in living]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda host: host.prepare(plan), idle))
        self.start_hosts(idle)
        self.write_client_files()
        return tuple(wanted)

    def start_hosts(self, hosts: Sequence[Host]) -> None:
        """Start prepared hosts and wait until each one's PID 1 serves. Raises TestbedError with the log if not."""
        if not hosts:
            return
        indexes = [host.index for host in hosts]
        self.keeper.order_start(indexes)
        self._await_ready(hosts)
        network.plug_in(self.keeper, indexes)

    def stop_hosts(self, hosts: Sequence[Host]) -> None:
        """Kill PID 1 of each host and wait until nothing of it runs; hosts that are down already stay so."""
        living = self.keeper.supervisors()
        supervisors = [living[host.index] for host in hosts if host.index in living]
        kill_and_wait(*(pid for supervisor in supervisors for pid in children(supervisor)))
        kill_and_wait(*supervisors)
        network.unplug(self.keeper, [host.index for host in hosts])

    def reset_hosts(self, hosts: Sequence[Host]) -> None:
        """Throw away everything these hosts have changed and start them clean, all at a time."""
        self.stop_hosts(hosts)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(Host.wipe, hosts))
            list(pool.map(Host.prepare, hosts))
        self.start_hosts(hosts)

    def cut_cable(self, host: Host) -> None:
        """Take a running host off the network: its peers hear nothing more, not even an ending."""
        network.unplug(self.keeper, [host.index])

    def write_client_files(self) -> None:
        """Write known_hosts and ssh_config for the hosts there are now."""
        self.known_hosts.write_text(known_hosts_text(self.hosts))
        self.ssh_config.write_text(ssh_config_text(self.hosts, self.identity, self.known_hosts))

    def write_inventory(self, path: Path, hosts: Iterable[Host] | None = None, *, user: str = "root") -> Path:
        """Write an Ansible inventory of ``hosts`` (all unless given) to ``path`` and return it."""
        chosen = self.hosts if hosts is None else tuple(hosts)
        path.write_text(inventory_text(chosen, self.identity, self.known_hosts, user=user))
        return path

    def dead_addresses(self, count: int) -> tuple[IPv4Address, ...]:
        """Addresses in the bed's network where nobody is: connecting fails after the kernel's three seconds."""
        return tuple(dead_ipv4(index) for index in range(1, count + 1))

    def controller_command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs ``argv`` in the controller's namespace."""
        return in_network(self.keeper.controller, argv)

    def enter_controller(self) -> AbstractContextManager[None]:
        """Have the calling thread, and what it starts inside, live in the controller's network namespace."""
        return enter_network(self.keeper.controller)

    def ssh_command(self, host: Host, argv: Sequence[str], *, user: str = "root") -> list[str]:
        """The command line that runs ``argv`` on ``host`` by ssh from the controller, strict about its key."""
        return self.controller_command(["ssh", "-F", str(self.ssh_config), "-l", user, host.name, "--", *argv])

    def down(self) -> None:
        """End everything and remove the bed's folder. Nothing of the bed is left when this returns."""
        self.keeper.stop()
        shutil.rmtree(self.directory)

    def _await_ready(self, hosts: Sequence[Host]) -> None:
        waiting = {host.index: host for host in hosts}

        def settled() -> bool:
            supervisors = self.keeper.supervisors()
            for index in [index for index in waiting if index in supervisors and _serves(supervisors[index])]:
                del waiting[index]
            # A host that has written its log and is gone has failed: no use in waiting longer.
            return all(index not in supervisors and host.log.stat().st_size for index, host in waiting.items())

        with suppress(TestbedError):
            wait_until(settled, "no host answers", timeout=30 + len(hosts), pause=0.02)
        if waiting:
            logs = "; ".join(f"{host.name}: {_tail(host.log)}" for host in waiting.values())
            raise TestbedError(f"{len(waiting)} of {len(hosts)} hosts did not start: {logs}")


def _serves(supervisor: int) -> bool:
    """Whether PID 1 is what was asked for; sshd names itself ``sshd: …`` only once it listens."""
    inner = children(supervisor)
    words = command_line(inner[0]) if inner else ()
    return bool(words) and (words[0].startswith("sshd: ") or words[-1] == "infinity")


def _tail(path: Path) -> str:
    return path.read_text(errors="replace").strip()[-500:] or "nothing in the log"
