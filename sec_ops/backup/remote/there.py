"""`There`: a host that sources are on, with doors to its data and restic at work on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sec_ops.backup.locks import Here
from sec_ops.backup.remote.access import TunnelAccess
from sec_ops.backup.remote.doors import RemoteDoors
from sec_ops.backup.restic.calling import Doors as ResticDoors
from sec_ops.backup.restic.calling import Reach
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.program import Program, proved
from sec_ops.model.errors import ProgramFailed, ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, RunProgram, SecretReader
from sec_ops.transport.process import run_program
from sec_ops.transport.reach import reach
from sec_ops.transport.remote import SILENCE_SECONDS, RemoteHost, remote_host
from sec_ops.transport.values import Target

__all__ = ["There", "at_host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A connected host. `doors` lead to its data; `restic` saves it from there."""

    host: RemoteHost
    doors: RemoteDoors
    access: TunnelAccess
    reach: Reach = reach
    run_program: RunProgram = run_program

    def restic(self, repository: OpenRepository) -> Restic:
        """Return restic at work on the host, with its tunnel open.

        Raises ProgramMissing when it has none, EngineError for one too old, PrivilegeRefused when sshd opens no tunnel,
        ContentInvalid for a folder of this machine, another TransportError.
        """
        self.access([repository])
        doors = ResticDoors(
            stream=self.host.stream,
            run_program=self.run_program,
            reach=self.reach,
            clock=self.doors.clock,
            program=self._program(),
            cache=Path(self.host.facts.cache),
            access=self.access,
        )
        return Restic(repository=repository, doors=doors)

    def here(self) -> Here:
        """Return the host as `locks` wants to know it, to prove that a lock's owner there is dead."""
        return Here(host=self.host.facts.host, began=self._began, now=self.doors.clock.now())

    def _program(self) -> Program:
        facts = self.host.facts
        if not facts.restic:
            what = message("{host}: restic is not installed there", host=self.host.target.name)
            raise ProgramMissing(what, where=f"PATH={facts.path}", advice=_ADVICE)
        completed = self.doors.run([facts.restic, "version"], deadline_seconds=_DEADLINE_SECONDS)
        return proved(facts.restic, completed, where=f"{self.host.target.name}: {facts.restic}", advice=_ADVICE)

    def _began(self, pid: int) -> datetime | None:
        """Return when a process there began; raises ProgramFailed when its process table can't be read."""
        asked = [self.doors.python, "-I", "-c", _BEGAN, str(pid)]
        completed = self.doors.run(asked, deadline_seconds=_DEADLINE_SECONDS)
        told = completed.stdout.decode(errors="replace").strip()
        if completed.exit_code != 0 or not (told == "gone" or told.isdecimal()):
            what = message("{host}: its processes can't be seen", host=self.host.target.name)
            raise ProgramFailed(what, why=completed.stderr.decode(errors="replace")[-_SHOWN:])
        return None if told == "gone" else datetime.fromtimestamp(int(told), UTC)


@contextmanager
def at_host(
    target: Target, *, read_secret: SecretReader, clock: Clock, silence_seconds: float = SILENCE_SECONDS
) -> Iterator[There]:
    """Connect to a host; whatever of ours still runs there when the context ends is ended.

    Raises ContentInvalid for secrets that can't be read, a TransportError, ProgramMissing without Python there.
    """
    with remote_host(target, read_secret=read_secret, clock=clock, silence_seconds=silence_seconds) as host:
        yield There(host=host, doors=RemoteDoors(clock=clock, host=host), access=TunnelAccess(host))


_DEADLINE_SECONDS = 20.0
_SHOWN = 1000
_BEGAN = """import os, sys
try:
    ticks = int(open("/proc/%s/stat" % sys.argv[1], "rb").read().rpartition(b")")[2].split()[19])
    boot = [int(line.split()[1]) for line in open("/proc/stat") if line.startswith("btime ")][0]
    print(boot + ticks // os.sysconf("SC_CLK_TCK"))
except (FileNotFoundError, ProcessLookupError):
    print("gone")
"""
_ADVICE = message(
    "install restic 0.17.1 or newer on the host: apt-get install restic from Debian 13 on; elsewhere copy the one "
    "program that a newer package or the project's release holds to /usr/local/bin"
)
