"""One host of a bed: its folder, its life, and a way in that needs no ssh."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.accounts import make_key_pair
from tests.testbed.addresses import host_ipv4, host_ipv6, host_name
from tests.testbed.commands import run
from tests.testbed.errors import TestbedError
from tests.testbed.plan import HostPlan, settings_text
from tests.testbed.privileges import without_machine_privileges
from tests.testbed.processes import children

if TYPE_CHECKING:
    from tests.testbed.bed import Bed

__all__ = ["Host"]

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CLEAN = HostPlan()


class Host:
    """A host of the bed, known by its index from 1. Its key stays the same over restarts and resets."""

    port = 22

    def __init__(self, bed: Bed, index: int) -> None:
        self._bed = bed
        self.index = index
        self.name = host_name(index)
        self.ipv4 = host_ipv4(index)
        self.ipv6 = host_ipv6(index)
        self.directory = bed.directory / "hosts" / str(index)
        self.plan = _CLEAN

    def __repr__(self) -> str:
        return f"Host({self.name}, {self.ipv4})"

    @property
    def upper(self) -> Path:
        """The host's own overlay layer: whatever differs from a clean root lies here."""
        return self.directory / "upper"

    @property
    def log(self) -> Path:
        """What start-up and sshd wrote to standard error."""
        return self.directory / "log"

    @property
    def public_key(self) -> str:
        """The host's public key as ``ssh-ed25519 AAAA…``, the one known_hosts is written with."""
        return " ".join((self.directory / "key.pub").read_text().split()[:2])

    @property
    def pid(self) -> int:
        """The host's PID 1 as the machine counts. Raises TestbedError when the host is down."""
        supervisor = self._bed.keeper.supervisors().get(self.index)
        inner = children(supervisor) if supervisor else ()
        if not inner:
            raise TestbedError(f"{self.name} is not running, see {self.log}")
        return inner[0]

    @property
    def running(self) -> bool:
        """Whether the host has a PID 1."""
        return self.index in self._bed.keeper.supervisors()

    def prepare(self, plan: HostPlan = _CLEAN) -> None:
        """Lay out the folder of a host that is not running: key, name, settings. What it holds already stays."""
        self.plan = plan
        for folder in ("upper", "root"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        # The kernel refuses a work folder that a volatile mount has used.
        shutil.rmtree(self.directory / "work", ignore_errors=True)
        (self.directory / "work").mkdir()
        self.log.write_bytes(b"")
        if not (self.directory / "key").exists():
            make_key_pair(self.directory / "key", self.name)
        if not (self.upper / "etc").exists():
            self._write_identity()
        settings = settings_text(self.index, plan, self._bed.lower, self._bed.keeper.switch)
        (self.directory / "settings").write_text(settings)

    def run(
        self, argv: Sequence[str], *, data: bytes = b"", user: str = "root", accept: Collection[int] | None = (0,)
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program inside the host, not through ssh and without any shell of the host.

        Raises CommandFailed when its exit status is not in ``accept`` (None takes any).
        """
        return run(self.command(argv, user=user), data=data, accept=accept)

    def command(self, argv: Sequence[str], *, user: str = "root") -> list[str]:
        """The machine's command line that runs ``argv`` inside the host."""
        become = [] if user == "root" else ["setpriv", f"--reuid={user}", "--regid=100", "--init-groups"]
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd")
        enter = without_machine_privileges(["nsenter", f"--target={self.pid}", *spaces, "--"])
        return [*enter, "env", "-i", _PATH, *become, *argv]

    def read(self, path: str) -> bytes:
        """The content of a file of the host."""
        return self.run(["cat", "--", path]).stdout

    def write(self, path: str, content: str | bytes, *, mode: int | None = None) -> None:
        """Write a file of the host, making its folders; links are followed inside the host only."""
        self.run(["mkdir", "-p", "--", str(Path(path).parent)])
        self.run(["tee", "--", path], data=content.encode() if isinstance(content, str) else content)
        if mode is not None:
            self.run(["chmod", f"{mode:o}", "--", path])

    def start(self, plan: HostPlan = _CLEAN) -> None:
        """Start the host as ``plan`` says, keeping what its disk holds."""
        self.prepare(plan)
        self._bed.start_hosts((self,))

    def stop(self) -> None:
        """Pull the plug: PID 1 is killed, and with it all that runs on the host. A host that is down stays so."""
        self._bed.stop_hosts((self,))

    def restart(self, plan: HostPlan | None = None) -> None:
        """Stop and start again, keeping the disk; ``plan`` replaces the one it ran with."""
        self.stop()
        self.start(self.plan if plan is None else plan)

    def reset(self) -> None:
        """Throw away everything the host has changed and start it clean, with its own key and name."""
        self._bed.reset_hosts((self,))

    def wipe(self) -> None:
        """Empty the disk of a host that is not running."""
        shutil.rmtree(self.upper, ignore_errors=True)

    def use_new_key(self) -> None:
        """Give the running host a key that known_hosts does not know; a reset brings the old one back."""
        fresh = self.directory / "other-key"
        for path in (fresh, fresh.with_name("other-key.pub")):
            path.unlink(missing_ok=True)
        make_key_pair(fresh, f"{self.name}-changed")
        self.write("/etc/ssh/ssh_host_ed25519_key", fresh.read_bytes())
        self.write("/etc/ssh/ssh_host_ed25519_key.pub", fresh.with_name("other-key.pub").read_bytes())
        self.restart()

    def _write_identity(self) -> None:
        etc = self.upper / "etc"
        (etc / "ssh").mkdir(parents=True)
        for folder in (self.upper, etc, etc / "ssh"):
            folder.chmod(0o755)
        _place(etc / "hostname", f"{self.name}\n", 0o644)
        addresses = f"127.0.0.1 localhost\n::1 localhost\n{self.ipv4} {self.name}\n{self.ipv6} {self.name}\n"
        _place(etc / "hosts", addresses, 0o644)
        machine = hashlib.sha256(f"{self.directory}".encode()).hexdigest()[:32]
        _place(etc / "machine-id", f"{machine}\n", 0o444)
        _place(etc / "ssh/ssh_host_ed25519_key", (self.directory / "key").read_text(), 0o600)
        _place(etc / "ssh/ssh_host_ed25519_key.pub", (self.directory / "key.pub").read_text(), 0o644)


def _place(path: Path, text: str, mode: int) -> None:
    path.write_text(text)
    path.chmod(mode)
