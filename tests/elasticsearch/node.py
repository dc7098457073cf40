"""One node: started in the foreground as an unprivileged user, with security and TLS, and gone when its owner is.

Traps met: the server has no start script here, its launcher class is called; it refuses root; Java's temporary folder
must not contain the server; a disk that others fill must not stop allocation.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.elasticsearch.certificates import make_certificates
from tests.elasticsearch.install import ensure_server
from tests.testbed.errors import TestbedError

__all__ = ["PASSWORD", "Node", "free_port"]

PASSWORD = "only-for-tests-on-loopback"
_UNPRIVILEGED = 65534
_HEAP = "1g"
_START_SECONDS = 240
_STOP_SECONDS = 60


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Node:
    """A node whose data lives in `folder`, which an unprivileged user must be able to reach; `join` another one."""

    folder: Path
    name: str = "first"
    join: Node | None = None
    port: int = field(default_factory=free_port)
    transport_port: int = field(default_factory=free_port)
    server: Path = field(default_factory=ensure_server)
    _launcher: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """The certificate of the authority that signed the node's."""
        return (self.join or self).folder / "tls" / "ca.pem"

    def start(self) -> None:
        """Start the node and wait until its cluster answers and isn't red; raises TestbedError with the log's end."""
        self._configure()
        environment = self._environment()
        if not (self.folder / "conf/elasticsearch.keystore").exists():
            keystore = self._command("keystore", "lib/tools/keystore-cli", "add", "-x", "-f", "bootstrap.password")
            subprocess.run(
                keystore, input=PASSWORD.encode(), cwd=self.server, env=environment, check=True, capture_output=True
            )
        with (self.folder / "launcher.log").open("ab") as log:
            self._launcher = subprocess.Popen(
                self._command("server", "lib/tools/server-cli", "-p", str(self._pid_file)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.server,
                env=environment,
                start_new_session=True,
            )
        self._wait_until_healthy()

    def stop(self) -> None:
        """Stop the node as a service manager would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let the server answer nothing until `resume`."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        os.kill(self.pid, signal.SIGCONT)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON the server answers the superuser; raises OSError or TestbedError when it doesn't."""
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=context)
        token = b64encode(f"elastic:{PASSWORD}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise TestbedError(f"{method} {path}: {response.status} {text[:500]!r}")
        return json.loads(text)

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    @property
    def pid(self) -> int:
        """The server's process."""
        return int(self._pid_file.read_text())

    def _end(self, number: signal.Signals) -> None:
        if self._launcher is None:
            return
        if self._launcher.poll() is None and self._pid_file.exists():
            os.kill(self.pid, number)
        try:
            self._launcher.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._launcher.kill()
            self._launcher.wait()
        self._launcher = None
        self._pid_file.unlink(missing_ok=True)

    def _configure(self) -> None:
        for name in ("conf", "data", "logs", "tmp", "tls"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if self.join is None and not (self.folder / "tls/ca.pem").exists():
            make_certificates(self.folder / "tls")
        elif self.join is not None:
            shutil.copytree(self.join.folder / "tls", self.folder / "tls", dirs_exist_ok=True)
        conf = self.folder / "conf"
        shutil.copytree(self.folder / "tls", conf / "tls", dirs_exist_ok=True)
        (conf / "elasticsearch.yml").write_text(
            "".join(f"{name}: {json.dumps(value)}\n" for name, value in self._settings().items())
        )
        (conf / "jvm.options").write_text("-XX:+UseG1GC\n-Djava.io.tmpdir=${ES_TMPDIR}\n-XX:+ExitOnOutOfMemoryError\n")
        shutil.copyfile(self.server / "config/log4j2.properties", conf / "log4j2.properties")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, _UNPRIVILEGED, _UNPRIVILEGED)

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "cluster.name": "sec-ops-tests",
            "node.name": self.name,
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.transport_port,
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": False,
            "xpack.security.enabled": True,
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.key": "tls/node.key",
            "xpack.security.http.ssl.certificate": "tls/node.pem",
            "xpack.security.transport.ssl.enabled": False,
            "discovery.seed_hosts": [f"127.0.0.1:{self.join.transport_port}"] if self.join else [],
        }
        if self.join is None and not any((self.folder / "data").iterdir()):
            settings["cluster.initial_master_nodes"] = [self.name]
        return settings

    def _environment(self) -> dict[str, str]:
        java = shutil.which("java")
        if java is None:
            raise TestbedError("no java on the path: apt-get install openjdk-17-jre-headless")
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "ES_JAVA_HOME": str(Path(java).resolve().parent.parent),
            "ES_JAVA_OPTS": f"-Xms{_HEAP} -Xmx{_HEAP}",
            "ES_TMPDIR": str(self.folder / "tmp"),
            "LIBFFI_TMPDIR": str(self.folder / "tmp"),
        }

    def _command(self, name: str, libraries: str, *arguments: str) -> list[str]:
        # The launcher dies with the thread that started it; the server ends when its launcher's pipe closes.
        owner = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            owner += [f"--reuid={_UNPRIVILEGED}", f"--regid={_UNPRIVILEGED}", "--clear-groups"]
        return [
            *owner,
            *("java", "-Xms8m", "-Xmx96m", "-XX:+UseSerialGC"),
            *(f"-Dcli.name={name}", f"-Dcli.script=elasticsearch-{name}", f"-Dcli.libs={libraries}"),
            *(f"-Des.path.home={self.server}", f"-Des.path.conf={self.folder / 'conf'}"),
            *("-Des.distribution.type=zip", "-Des.java.type=ES_JAVA_HOME"),
            *("-cp", f"{self.server}/lib/*:{self.server}/lib/cli-launcher/*"),
            "org.elasticsearch.launcher.CliToolLauncher",
            *arguments,
        ]

    def _wait_until_healthy(self) -> None:
        nodes = 2 if self.join else 1
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._launcher is None or self._launcher.poll() is not None:
                break
            try:
                health = self.ask("GET", "/_cluster/health")
                if health["status"] != "red" and health["number_of_nodes"] >= nodes:
                    return
            except (OSError, TestbedError, http.client.HTTPException):
                pass
            time.sleep(0.2)
        log = (self.folder / "launcher.log").read_text(errors="replace")[-3000:]
        self.kill()
        raise TestbedError(f"Elasticsearch did not become healthy within {_START_SECONDS} s: {log}")
