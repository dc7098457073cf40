"""Real restic for tests: its doors, repositories, and repositories on a loopback sshd."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.restic.calling import Doors
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.location import read_location
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.program import find_restic
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.process import run_program
from sec_ops.transport.reach import reach
from sec_ops.transport.streaming import stream_program
from tests.servers.process import answers, free_port, running

__all__ = ["Sftp", "make_doors", "make_repository", "make_restic", "sftp_server"]


def make_doors(folder: Path) -> Doors:
    """Return the real doors; restic's cache is in `folder`."""
    return Doors(
        stream=stream_program,
        run_program=run_program,
        reach=reach,
        clock=SystemClock(),
        program=find_restic(run_program),
        cache=folder / "restic-cache",
    )


def make_repository(
    location: Path | str,
    *,
    password: str = "correct horse",
    credentials: Mapping[str, str] | None = None,
    certificate: Path | None = None,
    identity_file: Path | None = None,
    known_hosts: Path | None = None,
    append_only: bool = False,
    deadline_seconds: float = 120,
    name: str = "",
) -> OpenRepository:
    """Return a repository opened with a password that is no secret."""
    return OpenRepository(
        id=name or Path(str(location)).name,
        location=read_location(str(location)),
        password=Secret(password),
        credentials={key: Secret(value) for key, value in (credentials or {}).items()},
        certificate=certificate,
        identity_file=identity_file,
        known_hosts=known_hosts,
        append_only=append_only,
        deadline_seconds=deadline_seconds,
    )


def make_restic(repository: OpenRepository, folder: Path, **settings: object) -> Restic:
    """Return the repository through the real doors."""
    return Restic(repository=repository, doors=make_doors(folder), **settings)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sftp:
    """A loopback sshd: repositories under `folder`, its host key in `known_hosts`, opened by `identity_file`."""

    port: int
    folder: Path
    known_hosts: Path
    identity_file: Path

    def repository(self, name: str) -> OpenRepository:
        """Return a repository on it."""
        user = os.environ.get("USER") or "root"
        return make_repository(
            f"sftp://{user}@127.0.0.1:{self.port}/{self.folder / name}",
            identity_file=self.identity_file,
            known_hosts=self.known_hosts,
            name=name,
        )


@contextmanager
def sftp_server(folder: Path, **settings: str) -> Iterator[Sftp]:
    """Run an sshd of our own on loopback with fresh keys; it runs programs too. `settings` go to its configuration."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    port = free_port()
    public = (folder / "host.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    (folder / "authorized_keys").write_text((folder / "user.pub").read_text())
    (folder / "data").mkdir()
    options = {
        "ListenAddress": "127.0.0.1",
        "AuthorizedKeysFile": str(folder / "authorized_keys"),
        "UsePAM": "no",
        "StrictModes": "no",
        "PermitRootLogin": "yes",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
        **settings,
    }
    Path("/run/sshd").mkdir(exist_ok=True)
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    command = ["/usr/sbin/sshd", "-D", "-e", "-p", str(port), "-f", "/dev/null", "-h", str(folder / "host"), *words]
    with running(command, lambda: answers(port), folder / "sshd.log"):
        yield Sftp(port=port, folder=folder / "data", known_hosts=folder / "known_hosts", identity_file=folder / "user")
