"""A host for sources: an sshd of our own on loopback with restic in its path, and repositories on sftp."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.backup.remote.there import There, at_host
from sec_ops.backup.restic.program import find_restic
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.transport.values import Target
from tests.servers.restic import Sftp, sftp_server

__all__ = ["LoopbackHost", "loopback_host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopbackHost:
    """The host, which is this machine by another door; `log` is what its sshd said."""

    sftp: Sftp
    home: Path
    log: Path

    def target(self, **changes: object) -> Target:
        """Return how it is reached."""
        plain = Target(
            name="records-1",
            address="127.0.0.1",
            port=self.sftp.port,
            user=os.environ.get("USER") or "root",
            known_hosts=self.sftp.known_hosts,
            identity_file=self.sftp.identity_file,
        )
        return replace(plain, **changes)  # type: ignore[arg-type]

    @contextmanager
    def connected(self, *, silence_seconds: float = 60, **changes: object) -> Iterator[There]:
        """Connect to it."""
        secrets = Secrets(run_program=run_program, environment={})
        with at_host(
            self.target(**changes), read_secret=secrets, clock=SystemClock(), silence_seconds=silence_seconds
        ) as there:
            yield there


@contextmanager
def loopback_host(folder: Path, *, restic: Path | None = None, **settings: str) -> Iterator[LoopbackHost]:
    """Run it; `restic` (ours unless given) is what its programs are searched for beside the system's."""
    programs, home = folder / "programs", folder / "home"
    programs.mkdir()
    home.mkdir()
    (programs / "restic").symlink_to(restic or find_restic(run_program).path)
    surroundings = f"PATH={programs}:/usr/sbin:/usr/bin:/sbin:/bin HOME={home} ENV= BASH_ENV="
    with sftp_server(folder, SetEnv=surroundings, **settings) as sftp:
        yield LoopbackHost(sftp=sftp, home=home, log=folder / "sshd.log")
