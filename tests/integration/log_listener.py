"""`sec-ops logs listen` as a process over a site of its own, and what it kept."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from sec_ops.siem.listen.state import ListenerState, read_states
from sec_ops.siem.raw.layout import stream_names
from sec_ops.siem.raw.reading import Cursor
from sec_ops.siem.records import RawBatch

SEC_OPS = [sys.executable, "-m", "sec_ops.cli.main"]


def free_port() -> int:
    """Return a port that nobody uses for TCP or UDP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        ):
            stream.bind(("127.0.0.1", 0))
            port = int(stream.getsockname()[1])
            with suppress(OSError):
                datagrams.bind(("127.0.0.1", port))
                return port


def until(reached: Callable[[], Any], seconds: float = 60) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.05)


class Listening:
    """A site whose listeners are those given; ports are fixed, so that senders find them again."""

    def __init__(self, folder: Path, *listeners: Mapping[str, Any]) -> None:
        self.site = folder / "site"
        self.site.mkdir()
        self.ports = {str(each["id"]): free_port() for each in listeners}
        configured = [{"port": self.ports[str(each["id"])], **each} for each in listeners]
        name = {"zh": "测试", "en": "test"}
        settings = {"id": "test", "name": name, "origin": "sec-ops/test", "logs": {"listen": configured}}
        (self.site / "sec-ops.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Start listening, and wait until it does."""
        begun = time.time() * 1000
        with (self.site / "stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                [*SEC_OPS, "logs", "listen", *options, "--json", "--site", str(self.site)],
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        until(lambda: self._up(begun))

    def stop(self) -> dict[str, Any]:
        """End it well; return what it says of itself."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, (self.site / "stderr").read_text()
        self.process = None
        document: dict[str, Any] = json.loads(output)
        return document

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def states(self) -> dict[str, ListenerState]:
        """Return how the listeners stand."""
        return {state.id: state for state in read_states(self.site / "var" / "state")}

    def batches(self) -> list[RawBatch]:
        """Return everything that is in the raw log, its chain checked."""
        logs = self.site / "var" / "logs"
        found = []
        for name in stream_names(logs / "raw"):
            cursor = Cursor(logs, name)
            found += [batch for _, batch in cursor.read()]
            cursor.close()
        return found

    def records(self) -> list[bytes]:
        """Return every record that is in the raw log."""
        return [record for batch in self.batches() for record in batch.records]

    def counts(self) -> Counter[bytes]:
        """Return how often each record is there."""
        return Counter(self.records())

    def _up(self, begun: float) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.site / "stderr").read_text()
        states = self.states()
        return all(name in states and states[name].since_ms >= begun for name in self.ports)


class Rsyslog:
    """A real rsyslogd in the foreground that sends the lines of a file, with no access to this machine's logs."""

    def __init__(self, folder: Path, action: str, lines: Sequence[str], globals_: str = "") -> None:
        self.folder = folder / "rsyslog"
        self.folder.mkdir(exist_ok=True)
        source = self.folder / "source.log"
        source.write_text("".join(f"{line}\n" for line in lines))
        configuration = self.folder / "rsyslog.conf"
        configuration.write_text(
            f'global(workDirectory="{self.folder}"{globals_})\n'
            'module(load="imfile")\n'
            f"{action}\n"
            f'input(type="imfile" File="{source}" Tag="app")\n'
        )
        with (self.folder / "stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                ["/usr/sbin/rsyslogd", "-n", "-f", str(configuration), "-i", str(self.folder / "pid")],
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env={"PATH": os.environ["PATH"]},
            )

    def stop(self) -> None:
        """Let it end as its service would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
