"""How fast `logs listen` takes in: syslog over TCP and UDP, RELP; sender and listener on the same machine.

.venv/bin/python -m benchmarks.log_listen [--rate 20000] [--seconds 60] [--udp-rates 5000,20000,50000] [--index]
"""

import argparse
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

WINDOW = 1_000
SEC_OPS = [sys.executable, "-m", "sec_ops.cli.main"]
Told = Connection
Send = Callable[[int, int, float, Told], None]
SITE = "id: benchmark\nname: {zh: 测试, en: benchmark}\norigin: sec-ops/benchmark\n"


def message_of(number: int) -> bytes:
    """Return a line as a web server writes it, about 150 bytes."""
    return (
        b"<134>Nov 26 08:00:01 web-1 nginx: 192.0.2.%d - - [26/Nov/2026:08:00:01 +0800] "
        b'"GET /course/%d HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64)"'
        % (number % 256, number, number % 7919)
    )


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run came to."""

    name: str
    sent: int
    kept: int
    dropped: int
    seconds: float
    listener_cpu: float
    sender_cpu: float
    peak_mib: float

    def row(self) -> str:
        """Return a line of the table."""
        rate = self.sent / self.seconds
        lost = self.sent - self.kept
        return (
            f"| {self.name} | {self.sent:,} | {rate:,.0f} | {lost:,} | {self.dropped:,} | {self.listener_cpu:.1f} "
            f"| {self.listener_cpu / self.seconds:.1%} | {self.sender_cpu:.1f} | {self.peak_mib:.0f} |"
        )


def paced(rate: int, seconds: float, send: Callable[[int, int], None]) -> int:
    """Call `send(first, count)` so that messages leave at a rate; 0 is as fast as it goes. Return how many left."""
    begun, sent = time.monotonic(), 0
    while (past := time.monotonic() - begun) < seconds:
        due = min(int(past * rate) - sent, 2_000) if rate else 1_000
        if due > 0:
            send(sent, due)
            sent += due
        else:
            time.sleep(0.002)
    return sent


def send_tcp(port: int, rate: int, seconds: float, told: Told) -> None:
    """Send lines over one connection."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        sent = paced(
            rate,
            seconds,
            lambda first, count: wire.sendall(
                b"".join(message_of(number) + b"\n" for number in range(first, first + count))
            ),
        )
        wire.shutdown(socket.SHUT_WR)
        wire.recv(1)
    told.send((sent, time.process_time()))


def send_udp(port: int, rate: int, seconds: float, told: Told) -> None:
    """Send datagrams."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.connect(("127.0.0.1", port))

        def send(first: int, count: int) -> None:
            for number in range(first, first + count):
                wire.send(message_of(number))

        sent = paced(rate, seconds, send)
    told.send((sent, time.process_time()))


def send_relp(port: int, _rate: int, seconds: float, told: Told) -> None:
    """Send windows of messages, each message waited for until it is acknowledged."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.sendall(b"1 open 30 relp_version=0\ncommands=syslog\n")
        answers = wire.makefile("rb")
        for _ in range(4):
            answers.readline()

        def send(first: int, count: int) -> None:
            frames = ((number + 2, message_of(number)) for number in range(first, first + count))
            wire.sendall(b"".join(b"%d syslog %d %b\n" % (number, len(text), text) for number, text in frames))
            for _ in range(count):
                if not answers.readline().endswith(b"200 OK\n"):
                    raise SystemExit("a message was not acknowledged")

        sent = paced(0, seconds, send)
    told.send((sent, time.process_time()))


class Listener:
    """`sec-ops logs listen` over a site of its own."""

    def __init__(self, folder: Path, option: str, *, index: bool) -> None:
        folder.mkdir()
        (folder / "sec-ops.yml").write_text(SITE, encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = ["logs", "listen", option, str(self.port), "--index" if index else "--no-index", "--json"]
        self._process = subprocess.Popen(
            [*SEC_OPS, *command, "--site", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        while not list((folder / "var" / "state" / "listen").glob("*.json")):
            time.sleep(0.05)

    def stop(self) -> tuple[dict[str, Any], float, float]:
        """Return its counts, the CPU seconds of receiving, and its peak memory in MiB."""
        cpu, peak = self.spent()
        self._process.send_signal(signal.SIGTERM)
        output, _ = self._process.communicate()
        return json.loads(output)["listeners"][0]["counts"], cpu, peak

    def spent(self) -> tuple[float, float]:
        """Return CPU seconds and peak memory (MiB) so far, the process beside it left out."""
        words = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), peak


def measure(name: str, option: str, send: Send, rate: int, seconds: float, *, index: bool) -> Run:
    """Run one sender against a fresh listener."""
    with tempfile.TemporaryDirectory() as folder:
        listener = Listener(Path(folder) / "site", option, index=index)
        before, _ = listener.spent()
        told, tells = multiprocessing.Pipe(duplex=False)
        begun = time.monotonic()
        sender = multiprocessing.Process(target=send, args=(listener.port, rate, seconds, tells))
        sender.start()
        sent, sender_cpu = told.recv()
        sender.join()
        took = time.monotonic() - begun
        time.sleep(1)
        counts, cpu, peak = listener.stop()
    return Run(
        name=name,
        sent=sent,
        kept=counts["messages"],
        dropped=counts["dropped"],
        seconds=took,
        listener_cpu=cpu - before,
        sender_cpu=sender_cpu,
        peak_mib=peak,
    )


def main() -> int:
    """Print the table; a missed goal stands in it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=int, default=20_000, help="messages a second over TCP")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--udp-rates", default="5000,20000,50000,0")
    parser.add_argument("--udp-seconds", type=float, default=10)
    parser.add_argument("--index", action="store_true", help="make events beside it")
    given = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}; {os.cpu_count()} processors; messages of {len(message_of(1))} bytes")
    print("| | sent | sent/s | lost | dropped, counted | listener CPU s | of one processor | sender CPU s | peak MiB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    runs: list[tuple[str, str, Send, int, float]] = [
        (f"TCP, {given.rate:,}/s asked", "--tcp", send_tcp, given.rate, given.seconds),
        ("TCP, unpaced", "--tcp", send_tcp, 0, 10.0),
        *(
            (f"UDP, {rate:,}/s asked" if rate else "UDP, unpaced", "--udp", send_udp, rate, given.udp_seconds)
            for rate in map(int, given.udp_rates.split(","))
        ),
        (f"RELP, {WINDOW:,} in a window", "--relp", send_relp, 0, 10.0),
    ]
    for name, option, send, rate, seconds in runs:
        print(measure(name, option, send, rate, seconds, index=given.index).row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
