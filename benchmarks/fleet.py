"""Collecting from a fleet: our visit beside plain parallel ssh, the whole audit, Ansible for scale, cost on the target.

    .venv/bin/python -m benchmarks.fleet [--hosts 50 200] [--repeats 3] [--ansible-hosts 10] [--ansible-tasks 100]

Needs root: the hosts are the test bed's, real sshd on this machine, so both ends share its processors. Ours and plain
ssh take turns, with the same parallelism and the same script. Prints medians and ranges beside the goals.
"""

import argparse
import os
import platform
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.compliance.collector import collector_script
from sec_ops.compliance.gather import Gathering, gather_replies
from sec_ops.compliance.rulebook import Rulebook, load_rulebook
from sec_ops.content.library import Library
from sec_ops.evidence.log import init_log, open_evidence
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.transport.ssh import run_script
from sec_ops.transport.values import Privilege, Target
from tests.testbed import Bed, Host

PARALLEL = 50
WALL_GOAL, CPU_GOAL_MS, TARGET_GOAL, ANSIBLE_GOAL = 1.0, 40.0, 0.5, 100.0
TOOLS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds by the clock, and of this machine's processors on the controller's side (children included)."""

    wall: float
    cpu: float


@dataclass(slots=True)
class Table:
    """Rows of what was measured: text, value, goal, whether it is met."""

    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, what: str, value: str, goal: str = "", met: bool | None = None) -> None:  # noqa: FBT001
        """Add a row; `met` is None where there is no goal."""
        self.rows.append((what, value, goal, {None: "", True: "met", False: "MISSED"}[met]))

    def show(self) -> None:
        """Print the rows in columns."""
        widths = [max(len(row[column]) for row in self.rows) for column in range(4)]
        for row in self.rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The bed, what is run on its hosts, and a folder for what comes back."""

    bed: Bed
    rulebook: Rulebook
    folder: Path

    def ours(self, hosts: Sequence[Host]) -> None:
        """Connect, run, receive, seal: what an audit does before it judges."""
        nonce = secrets.token_hex(16)
        script = collector_script(self.rulebook.probes, nonce=nonce)
        clock = SystemClock()
        doors = {"clock": clock, "randomness": secrets.token_bytes, "run_program": run_program}
        folder = self.folder / f"evidence-{nonce}"
        init_log(folder, origin="benchmark/fleet", **doors)  # type: ignore[arg-type]
        with open_evidence(folder, **doors) as log, self.measured("ours"):  # type: ignore[arg-type]
            gathering = Gathering(
                log=log,
                run="20260101T000000Z-audit-00000000",
                probes={probe.id: probe for probe in self.rulebook.probes},
                clock=clock,
                nonce=nonce,
                progress=lambda _record: None,
            )
            targets = [self.target(host) for host in hosts]
            secret = Secrets(run_program=run_program)
            replies = run_script(targets, script, read_secret=secret, clock=clock, parallel=PARALLEL)
            records = gather_replies(gathering, targets, replies).records
            log.checkpoint()
        assert {record.state for record in records} == {"collected"}, [record.error for record in records]

    def plain(self, hosts: Sequence[Host]) -> None:
        """Run one ssh process a host, as many at a time, each fed the same script."""
        (self.folder / "collector.sh").write_bytes(collector_script(self.rulebook.probes, nonce="plain"))
        answers = self.folder / "answers"
        answers.mkdir(exist_ok=True)
        one = f"ssh -F {self.bed.ssh_config} $1 sh -s <{self.folder}/collector.sh >{answers}/$1"
        names = "\n".join(host.name for host in hosts).encode()
        with self.measured("plain"):
            subprocess.run(["xargs", "-P", str(PARALLEL), "-I{}", "sh", "-c", one, "-", "{}"], input=names, check=True)
        assert all((answers / host.name).stat().st_size > 10_000 for host in hosts)

    def audit(self, hosts: Sequence[Host]) -> Cost:
        """Return the cost of the whole command: start, inventory, collection, sealing, judging, result."""
        site = self.folder / f"site-{len(hosts)}"
        program = str(TOOLS / "sec-ops")
        subprocess.run([program, "init", str(site)], stdout=subprocess.DEVNULL, check=True)
        inventory = self.bed.write_inventory(site / "inventory" / "hosts.yml", hosts)
        inventory.write_text(inventory.read_text().replace("  vars:\n", "  vars:\n    sec_ops_privilege: root\n"))
        (site / "inventory" / "known_hosts").write_bytes(self.bed.known_hosts.read_bytes())
        command = [program, "--site", str(site), "audit", "run", "--hosts", "all", "--json"]
        self.costs.setdefault(f"audit {len(hosts)}", [])
        with self.measured(f"audit {len(hosts)}"):
            done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        assert done.returncode in (1, 3), done.returncode
        return self.costs[f"audit {len(hosts)}"][-1]

    def ansible(self, hosts: Sequence[Host], tasks: int) -> Cost:
        """Return the cost of so many small tasks by ansible-playbook."""
        inventory = self.bed.write_inventory(self.folder / "hosts.yml", hosts)
        lines = ["- hosts: all", "  gather_facts: false", "  tasks:"]
        lines += [f"    - ansible.builtin.command: cat /etc/login.defs # {number}" for number in range(tasks)]
        playbook = self.folder / "playbook.yml"
        playbook.write_text("\n".join(lines) + "\n")
        environment = {**os.environ, "ANSIBLE_HOME": str(self.folder), "ANSIBLE_LOCAL_TEMP": str(self.folder)}
        command = [str(TOOLS / "ansible-playbook"), "-i", str(inventory), "-f", str(len(hosts)), str(playbook)]
        with self.measured("ansible"):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        return self.costs["ansible"][-1]

    def on_target(self, host: Host) -> float:
        """Return the processor seconds of the collector on the host itself."""
        script = collector_script(self.rulebook.probes, nonce="target")
        command = self.bed.ssh_command(host, ["dash -c 'sh -s >/dev/null; times >&2'"])
        done = subprocess.run(command, input=script, capture_output=True, check=True)
        words = done.stderr.decode().split()[-2:]
        return sum(
            60 * float(minutes) + float(rest[:-1]) for minutes, _, rest in (word.partition("m") for word in words)
        )

    def target(self, host: Host) -> Target:
        """Return a host as the SSH door wants it."""
        return Target(
            name=host.name,
            address=str(host.ipv4),
            user="root",
            known_hosts=self.bed.known_hosts,
            identity_file=self.bed.identity,
            privilege=Privilege.ROOT,
            deadline_seconds=600,
        )

    costs: dict[str, list[Cost]] = field(default_factory=dict)

    @contextmanager
    def measured(self, name: str) -> Iterator[None]:
        """Add what happens inside to the costs of that name."""
        before, began = _cpu(), time.monotonic()
        yield
        self.costs.setdefault(name, []).append(Cost(wall=time.monotonic() - began, cpu=_cpu() - before))


def main() -> None:
    """Measure and print."""
    options = _options()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="sec-ops-benchmark-") as folder, Bed.create() as bed:
        rulebook = load_rulebook(Library.open(None), lambda _path, _digest: None)
        fleet = Fleet(bed=bed, rulebook=rulebook, folder=Path(folder))
        table = Table()
        with bed.enter_controller():
            _on_target(fleet, table)
            for count in options.hosts:
                _collections(fleet, table, bed.up(count), options.repeats)
            _ansible(fleet, table, options)
        print(f"{platform.machine()}, {os.cpu_count()} processors, load {load:.1f} before and {os.getloadavg()[0]:.1f}")
        print(f"after; {len(rulebook.probes)} probes for {len(rulebook.checks)} checks, {PARALLEL} connections at once")
        table.show()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ansible-hosts", type=int, default=10, help="0 leaves Ansible out")
    parser.add_argument("--ansible-tasks", type=int, default=100)
    return parser.parse_args()


def _on_target(fleet: Fleet, table: Table) -> None:
    hosts = fleet.bed.up(3)
    cost = [fleet.on_target(host) for host in hosts for _ in range(3)][1:]
    typical = statistics.median(cost)
    table.add("collector on the target, CPU s", _spread(cost), f"≤ {TARGET_GOAL}", typical <= TARGET_GOAL)


def _collections(fleet: Fleet, table: Table, hosts: Sequence[Host], repeats: int) -> None:
    ways: tuple[Callable[[Sequence[Host]], None], ...] = (fleet.ours, fleet.plain)
    # The first visit fills the hosts' caches: nobody's figures.
    fleet.plain(hosts)
    fleet.costs.clear()
    for repeat in range(repeats):
        for way in ways[:: 1 if repeat % 2 else -1]:
            way(hosts)
    ours, plain = fleet.costs["ours"], fleet.costs["plain"]
    ratios = [mine.wall / other.wall for mine, other in zip(ours, plain, strict=True)]
    each = [1000 * cost.cpu / len(hosts) for cost in ours]
    name = f"{len(hosts)} hosts: "
    table.add(f"{name}ours, wall s", _spread([cost.wall for cost in ours]))
    table.add(f"{name}plain ssh, wall s", _spread([cost.wall for cost in plain]))
    table.add(f"{name}ours by plain, wall", _spread(ratios), f"≤ {WALL_GOAL}", statistics.median(ratios) <= WALL_GOAL)
    table.add(
        f"{name}ours, controller CPU ms a host",
        _spread(each),
        f"≤ {CPU_GOAL_MS}",
        statistics.median(each) <= CPU_GOAL_MS,
    )
    table.add(f"{name}plain ssh, controller CPU ms a host", _spread([1000 * cost.cpu / len(hosts) for cost in plain]))
    whole = fleet.audit(hosts)
    table.add(f"{name}whole audit run, wall s", f"{whole.wall:.1f}")
    table.add(f"{name}whole audit run, controller CPU s", f"{whole.cpu:.1f}")


def _ansible(fleet: Fleet, table: Table, options: argparse.Namespace) -> None:
    if not options.ansible_hosts:
        return
    hosts = fleet.bed.up(options.ansible_hosts)
    fleet.costs.clear()
    fleet.ours(hosts)
    (ours,) = fleet.costs["ours"]
    theirs = fleet.ansible(hosts, options.ansible_tasks)
    name = f"{len(hosts)} hosts: "
    table.add(f"{name}ours, wall s", f"{ours.wall:.2f}")
    table.add(f"{name}{options.ansible_tasks} Ansible tasks, wall s", f"{theirs.wall:.0f}")
    ratio = theirs.wall / ours.wall
    table.add(f"{name}Ansible by ours, wall", f"{ratio:.0f}", f"≥ {ANSIBLE_GOAL:.0f} expected", ratio >= ANSIBLE_GOAL)
    table.add(f"{name}Ansible by ours, controller CPU", f"{theirs.cpu / ours.cpu:.0f}")


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usage)


if __name__ == "__main__":
    main()
