"""``python -m tests.testbed up 3``: a bed that stays until ``down``, for work by hand."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.testbed.base import DEFAULT_PACKAGES, RootSpec, ensure_root
from tests.testbed.bed import Bed
from tests.testbed.errors import TestbedError
from tests.testbed.keeper import Lifetime
from tests.testbed.records import bed_directory, list_beds, lock_bed, remove_leftovers
from tests.testbed.requirements import require
from tests.testbed.usage import memory_of

_Arguments = argparse.Namespace


def _build(arguments: _Arguments) -> None:
    started = time.monotonic()
    print(f"{ensure_root(_root(arguments))}  ({time.monotonic() - started:.1f} s)")


def _up(arguments: _Arguments) -> None:
    started = time.monotonic()
    if _lives(arguments.name):
        bed = Bed.attach(arguments.name)
    else:
        bed = Bed.create(name=arguments.name, root=_root(arguments), lifetime=Lifetime.KEPT)
    hosts = bed.up(arguments.count)
    print(f"{len(hosts)} hosts up in {time.monotonic() - started:.2f} s: {hosts[0].ipv4} to {hosts[-1].ipv4}")
    print(" ".join(bed.ssh_command(hosts[0], [])))


def _list(arguments: _Arguments) -> None:
    bed = Bed.attach(arguments.name)
    for host in bed.hosts:
        print(host.name, host.ipv4, host.ipv6, f"PID {host.pid}" if host.running else "down", sep="\t")


def _users(arguments: _Arguments) -> None:
    for account in Bed.attach(arguments.name).accounts.values():
        print(account.name, account.password, sep="\t")


def _stat(arguments: _Arguments) -> None:
    print(memory_of(Bed.attach(arguments.name)))


def _exec(arguments: _Arguments) -> None:
    _become(Bed.attach(arguments.name).host(arguments.index).command(arguments.argv))


def _ssh(arguments: _Arguments) -> None:
    bed = Bed.attach(arguments.name)
    _become(bed.ssh_command(bed.host(arguments.index), arguments.argv, user=arguments.user))


def _controller(arguments: _Arguments) -> None:
    _become(Bed.attach(arguments.name).controller_command(arguments.argv))


def _reset(arguments: _Arguments) -> None:
    Bed.attach(arguments.name).host(arguments.index).reset()


def _inventory(arguments: _Arguments) -> None:
    bed = Bed.attach(arguments.name)
    print(bed.write_inventory(arguments.output or bed.directory / "hosts.yml"))


def _down(arguments: _Arguments) -> None:
    started = time.monotonic()
    Bed.attach(arguments.name).down()
    print(f"down in {time.monotonic() - started:.2f} s")


def _clean(arguments: _Arguments) -> None:
    del arguments
    print("removed:", ", ".join(remove_leftovers()) or "nothing")
    print("living:", ", ".join(list_beds()) or "none")


def _lives(name: str) -> bool:
    directory = bed_directory(name)
    if not directory.is_dir():
        return False
    lock = lock_bed(directory)
    if lock is not None:
        os.close(lock)
    return lock is None


def _root(arguments: _Arguments) -> RootSpec:
    extra = tuple(package for package in arguments.include.split(",") if package)
    return RootSpec(suite=arguments.suite, packages=(*DEFAULT_PACKAGES, *extra))


def _become(argv: list[str]) -> None:
    sys.stdout.flush()
    os.execvp(argv[0], argv)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    parser.add_argument("--name", default="hand", help="which bed (several can be up at once); default: hand")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: Callable[[_Arguments], None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text)
        added.set_defaults(action=action)
        return added

    build = command("build", _build, "make the shared root in the cache, or say where it is")
    up = command("up", _up, "have hosts 1 to COUNT running")
    up.add_argument("count", type=int)
    for each in (build, up):
        each.add_argument("--suite", default="bookworm", help="the Debian suite of the root")
        each.add_argument("--include", default="", metavar="PACKAGE,…", help="packages beyond the usual ones")
    command("list", _list, "hosts with addresses")
    command("users", _users, "the bed's accounts and passwords")
    command("stat", _stat, "memory in use")
    command("down", _down, "end the bed and remove its folder")
    command("clean", _clean, "remove what crashed runs left behind")
    command("inventory", _inventory, "write an Ansible inventory").add_argument("--output", type=Path)
    command("reset", _reset, "throw away what a host has changed").add_argument("index", type=int)
    inside = command("exec", _exec, "run a program inside a host, without ssh")
    ssh = command("ssh", _ssh, "log in from the controller, or run a command")
    ssh.add_argument("--user", default="root")
    for each in (inside, ssh):
        each.add_argument("index", type=int)
        each.add_argument("argv", nargs=argparse.REMAINDER)
    command("controller", _controller, "run a program in the controller's network").add_argument(
        "argv", nargs=argparse.REMAINDER
    )
    return parser


def main() -> int:
    """Run one command and return the exit status."""
    arguments = _parser().parse_args()
    try:
        require()
        arguments.action(arguments)
    except TestbedError as error:
        print(error, file=sys.stderr)
        return 5
    return 0


if __name__ == "__main__":
    sys.exit(main())
