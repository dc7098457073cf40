"""The controller's side of the SSH door's tests: targets on the bed, calls from the bed's own network, odd peers."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.transport.ssh import run_script
from sec_ops.transport.values import Privilege, Reply, Target
from tests.testbed.bed import Bed
from tests.testbed.host import Host

__all__ = ["WRONG", "Agent", "Controller", "Listener", "copy_of_key", "sessions", "soon", "sudo_target"]

WRONG = "not-the-password-1"
WHO = b"id -un; echo done\n"


@dataclasses.dataclass(frozen=True)
class Controller:
    """The controller's side of a test: targets on the bed, and the door called in the bed's own network."""

    bed: Bed

    def target(self, host: Host, **changes: object) -> Target:
        plain = Target(
            name=host.name,
            address=str(host.ipv4),
            user="root",
            known_hosts=self.bed.known_hosts,
            identity_file=self.bed.identity,
            deadline_seconds=30,
        )
        return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]

    def visit(self, targets: Sequence[Target], script: bytes = WHO, **options: object) -> Iterator[Reply]:
        passwords = {f"PASSWORD_{name.upper()}": each.password for name, each in self.bed.accounts.items()}
        secrets = Secrets(run_program=run_program, environment={**passwords, "PASSWORD_WRONG": WRONG})
        with self.bed.enter_controller():
            yield from run_script(targets, script, read_secret=secrets, clock=SystemClock(), **options)  # type: ignore[arg-type]

    def one(self, target: Target, script: bytes = WHO, **options: object) -> Reply:
        (reply,) = self.visit([target], script, **options)
        return reply


def sudo_target(controller: Controller, host: Host, user: str, secret: str | None) -> Target:
    password = None if secret is None else {"env": f"PASSWORD_{secret.upper()}"}
    return controller.target(host, user=user, privilege=Privilege.STREAMED, sudo_password=password)


def sessions(host: Host) -> bool:
    return host.run(["pgrep", "-f", "sshd: root"], accept=(0, 1)).returncode == 0


def soon(holds: Callable[[], bool]) -> bool:
    for _ in range(100):
        if holds():
            return True
        time.sleep(0.1)
    return False


def copy_of_key(controller: Controller, folder: Path) -> Path:
    copy = folder / "key"
    copy.write_bytes(controller.bed.identity.read_bytes())
    copy.chmod(0o600)
    return copy


class Agent:
    """An ssh-agent of its own at a socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def __enter__(self) -> None:
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", str(self._socket)], stdout=subprocess.DEVNULL)
        assert soon(self._socket.exists)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


class Listener:
    """A peer in the controller's network that says something to each connection and hangs up."""

    def __init__(self, bed: Bed, said: bytes) -> None:
        self._bed = bed
        self._said = said

    def __enter__(self) -> int:
        with self._bed.enter_controller():
            self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        port: int = self._server.getsockname()[1]
        return port

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self._server.accept()
                with connection:
                    connection.sendall(self._said)
                    connection.shutdown(1)
                    connection.settimeout(2)
                    while connection.recv(4096):
                        pass
        except OSError:
            return

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(2)
        self._server.close()
        self._thread.join()
