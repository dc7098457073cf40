"""How soon live detection tells: from a line sent to `logs listen` to its alert in the database.

.venv/bin/python -m benchmarks.detect_live [--rate 5000] [--seconds 60] [--rules RELEASE]

Web and sshd lines arrive over TCP at a steady rate; every tenth of a second one of them is a probe, which a rule of the
site finds and makes an alert of its own of. A reader looks for the alerts every ten milliseconds. `--rules` imports a
release of Sigma rules beside the shipped ones (default: `../shared/bench/sigma_windows_rules.tar.zst`, if it is there).
"""

import argparse
import json
import multiprocessing
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

from benchmarks.log_listen import SEC_OPS, paced

RULES = Path("../shared/bench/sigma_windows_rules.tar.zst")
GOAL_SECONDS = 2.0
PROBES_A_SECOND = 10
RULE = """\
title: Probe
id: 99999999-9999-4999-8999-999999999999
level: medium
logsource: {product: linux, service: sshd}
detection:
  selection: {event.action: ssh_login, user.name|startswith: probe-}
  condition: selection
sec_ops: {alert: {by: [user.name]}}
"""


def line_of(number: int) -> bytes:
    """Return a line of a web server, or every fourth time of sshd: logins that succeed and fail."""
    address = b"192.0.2.%d" % (number % 251)
    if number % 4:
        return (
            b"<134>Nov 26 08:00:01 web-1 nginx: %b - - [26/Nov/2026:08:00:01 +0800] "
            b'"GET /course/%d?page=%d HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64)"'
            % (address, number, number % 977, number % 7919)
        )
    word = b"Accepted" if number % 40 else b"Failed"
    address = b"10.1.%d.%d" % (number % 7, number % 251)
    return b"<38>1 %b host-%d sshd %d - - %b password for user%d from %b port %d ssh2" % (
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()).encode(),
        number % 50,
        number % 30_000,
        word,
        number % 5_000,
        address,
        number % 60_000,
    )


def probe_of(number: int) -> bytes:
    """Return a line that the rule finds."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()).encode()
    return b"<38>1 %b probe sshd 1 - - Accepted password for probe-%d from 198.51.100.1 port 22 ssh2" % (now, number)


def send(port: int, rate: int, seconds: float, told: Connection) -> None:
    """Send lines at a rate, probes among them; tell when each probe left."""
    left: dict[str, float] = {}
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as wire:

        def lines(first: int, count: int) -> None:
            some = [line_of(number) for number in range(first, first + count)]
            due = int((time.monotonic() - begun) * PROBES_A_SECOND)
            for number in range(len(left), due):
                left[f"probe-{number}"] = time.monotonic()
                some.append(probe_of(number))
            wire.sendall(b"\n".join(some) + b"\n")

        sent = paced(rate, seconds, lines)
        wire.shutdown(socket.SHUT_WR)
        wire.recv(1)
    told.send((sent, left))


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site with the probe's rule."""

    root: Path
    port: int

    def make(self, release: Path | None) -> None:
        """Write it; import a release of rules."""
        subprocess.run([*SEC_OPS, "init", str(self.root)], check=True, stdout=subprocess.DEVNULL)
        rules = self.root / "rules" / "detection"
        rules.mkdir(parents=True, exist_ok=True)
        (rules / "probe.yml").write_text(RULE, encoding="utf-8")
        listen = [{"id": "tcp", "kind": "syslog_tcp", "port": self.port}]
        with (self.root / "sec-ops.yml").open("a", encoding="utf-8") as settings:
            settings.write(f"\nlogs: {json.dumps({'listen': listen})}\n")
        if release:
            command = [*SEC_OPS, "--site", str(self.root), "detect", "import", str(release)]
            if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode not in (0, 3):
                raise SystemExit(f"{release} could not be imported")

    def alerts(self) -> dict[str, str]:
        """Return the keys of the alerts that probes made."""
        path = self.root / "var" / "detection" / "detection.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            rows = database.execute("SELECT key FROM alerts WHERE rule LIKE '99999999%'").fetchall()
        return {str(json.loads(key)[0][1]): key for (key,) in rows}

    def standing(self) -> dict[str, int]:
        """Return how live detection stands; empty before it does."""
        path = self.root / "var" / "state" / "detection-live.json"
        document: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        return document


def cpu_of(group: int) -> tuple[float, float, float]:
    """Return CPU seconds of a process and of the one beside it, and the latter's peak memory in MiB."""
    child = next(
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/stat")
        if path.read_text().rpartition(")")[2].split()[1] == str(group)
        and b"_indexing" in (path.parent / "cmdline").read_bytes()
    )
    spent = []
    for pid in (str(group), child):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent.append((int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"))
    status = Path(f"/proc/{child}/status").read_text()
    return spent[0], spent[1], int(status.partition("VmHWM:")[2].split()[0]) / 1024


def watch(site: Site, told: Connection) -> tuple[dict[str, float], dict[str, float], int]:
    """Look for alerts until all probes have theirs, or for half a minute after the last; return seen, left, sent."""
    seen: dict[str, float] = {}
    left: dict[str, float] = {}
    sent, last = 0, 0.0
    while not left or (len(seen) < len(left) and time.monotonic() < last + 30):
        for name in site.alerts():
            seen.setdefault(name, time.monotonic())
        if not left and told.poll():
            (sent, left), last = told.recv(), time.monotonic()
        time.sleep(0.01)
    return seen, left, sent


def main() -> int:
    """Print the table; a missed goal stands in it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=5_000, help="lines a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rules", type=Path, default=RULES if RULES.exists() else None)
    given = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            site = Site(root=Path(folder) / "site", port=probe.getsockname()[1])
        site.make(given.rules)
        process = subprocess.Popen(
            [*SEC_OPS, "--site", str(site.root), "logs", "listen", "--json"],
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr,
        )
        while not site.standing().get("rules"):
            time.sleep(0.1)
        before = cpu_of(process.pid)
        told, tells = multiprocessing.Pipe(duplex=False)
        sender = multiprocessing.Process(target=send, args=(site.port, given.rate, given.seconds, tells))
        sender.start()
        seen, left, sent = watch(site, told)
        after = cpu_of(process.pid)
        standing = site.standing()
        process.send_signal(signal.SIGTERM)
        process.wait()
    late = sorted(seen[name] - left[name] for name in left if name in seen)
    missing = len(left) - len(late)
    cuts = quantiles(late, n=100, method="inclusive")
    met = not missing and cuts[98] <= GOAL_SECONDS
    print(f"load after: {os.getloadavg()[0]:.1f}; {standing['rules']:,} rules, {standing['correlations']} correlations")
    print("| lines | lines/s | probes | no alert | p50 s | p99 s | max s | receiving CPU s | judging CPU s | MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    print(
        f"| {sent:,} | {sent / given.seconds:,.0f} | {len(left)} | {missing} | {cuts[49]:.2f} | {cuts[98]:.2f} "
        f"| {late[-1]:.2f} | {after[0] - before[0]:.1f} | {after[1] - before[1]:.1f} | {after[2]:.0f} |"
    )
    print(f"goal: p99 at most {GOAL_SECONDS:g} s and no probe without its alert: {'met' if met else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
