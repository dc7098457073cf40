"""The doors of a source, into the sandbox: what loads and counts a database there is what does it outside."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sec_ops.drill.sandbox.layout import ENVIRONMENT, INSIDE
from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Completed
from sec_ops.transport.streaming import Handed

__all__ = ["SandboxDoors"]

_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxDoors:
    """Programs in the sandbox; `folder`, below its work folder, takes what is handed to them.

    Secrets of production have no business there: what is handed over are connections to the drill's own services.
    """

    sandbox: Sandbox
    clock: Clock
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = "/usr/bin/python3"
    _count: list[int] = field(default_factory=list, repr=False)

    def run(
        self,
        arguments: Sequence[str | Handed],
        *,
        stdin: bytes = b"",
        deadline_seconds: float,
        reads: Path | None = None,
    ) -> Completed:
        """Run a program to its end; `reads` is a file below the work folder that it takes at its stdin instead.

        Raises ProgramFailed at the deadline, and when it can't be started.
        """
        ended = self.sandbox.run(
            self._words(arguments),
            seconds=deadline_seconds,
            stdin=reads or (self._laid(stdin) if stdin else None),
            environment=self.environment,
        )
        if ended.expired:
            raise ProgramFailed(message("no answer within the deadline"), why=ended.stderr[-2000:])
        return Completed(
            exit_code=ended.exit_code,
            stdout=ended.stdout.encode(),
            stderr=ended.stderr.encode(),
            elapsed_ms=ended.elapsed_ms,
        )

    @contextmanager
    def talk(self, arguments: Sequence[str | Handed], *, deadline_seconds: float) -> Iterator["_Dialogue"]:
        """Start a program that is spoken with; it ends with the context."""
        spoken = self.sandbox.spoken
        number = spoken.ask(
            "talk",
            argv=self._words(arguments),
            env={**ENVIRONMENT, **self.environment},
            stderr=self.sandbox.seen(self._laid(b"")),
        )["talk"]
        try:
            yield _Dialogue(
                self.sandbox, self.clock, number, self.clock.monotonic_ms() + round(deadline_seconds * 1000)
            )
        finally:
            spoken.ask("hang_up", talk=number)

    @contextmanager
    def report(self) -> Iterator["_Report"]:
        """Give a file that programs inside report to."""
        laid = self._laid(b"")
        yield _Report(path=self.sandbox.seen(laid), file=laid)
        laid.unlink(missing_ok=True)

    def _words(self, arguments: Sequence[str | Handed]) -> list[str]:
        return [self._handed(each) if isinstance(each, Handed) else each for each in arguments]

    def _handed(self, handed: Handed) -> str:
        return handed.prefix + self.sandbox.seen(self._laid(handed.secret.get_secret_value().encode()))

    def _laid(self, data: bytes) -> Path:
        """Return a new file with the data that the sandbox's user may write."""
        self._count.append(0)
        path = self.folder / f"handed-{len(self._count)}"
        path.write_bytes(data)
        path.chmod(0o600)
        owner = self.sandbox.work.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        return path


@dataclass(frozen=True, slots=True)
class _Dialogue:
    sandbox: Sandbox
    clock: Clock
    number: int
    end_ms: int

    def say(self, text: str) -> None:
        """Send a text; raises ProgramFailed when the program has gone."""
        self.sandbox.spoken.ask("say", talk=self.number, text=text)

    def hear(self, until: str) -> tuple[str, ...]:
        """Return the lines up to the line `until`, without it; raises ProgramFailed when it never comes."""
        while self.clock.monotonic_ms() < self.end_ms:
            lines = self.sandbox.spoken.ask("hear", talk=self.number, until=until, seconds=_LOOK_SECONDS)["lines"]
            if lines is not None:
                return tuple(lines)
        raise ProgramFailed(message("no answer within the deadline"), where=INSIDE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    path: str
    file: Path

    def read(self) -> bytes:
        """Return what was written so far."""
        return self.file.read_bytes()
