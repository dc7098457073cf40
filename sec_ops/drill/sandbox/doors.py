"""The doors of a source, into the sandbox: what loads and counts a database there is what does it outside."""

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

_LOOK_SECONDS = 0.05
_REPORT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxDoors:
    """Programs in the sandbox. What is handed to them is laid down inside, by the sandbox itself.

    From outside nothing is written where what runs inside could have put a link. Secrets of production have no business
    there: what is handed over are connections to the drill's own services.
    """

    sandbox: Sandbox
    clock: Clock
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = "/usr/bin/python3"

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
            stdin=reads,
            given=stdin.decode(errors="surrogateescape") if stdin and not reads else None,
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
        spoken, words = self.sandbox.spoken, self._words(arguments)
        environment = {**ENVIRONMENT, **self.environment}
        number = spoken.ask("talk", argv=words, env=environment, stderr=self._laid(b""))["talk"]
        end_ms = self.clock.monotonic_ms() + round(deadline_seconds * 1000)
        try:
            with self.sandbox.at_work.during(Path(words[0]).name):
                yield _Dialogue(self.sandbox, self.clock, number, end_ms)
        finally:
            spoken.ask("hang_up", talk=number)

    @contextmanager
    def report(self) -> Iterator["_Report"]:
        """Give a file that programs inside report to."""
        yield _Report(path=self._laid(b""), sandbox=self.sandbox)

    def _words(self, arguments: Sequence[str | Handed]) -> list[str]:
        return [self._handed(each) if isinstance(each, Handed) else each for each in arguments]

    def _handed(self, handed: Handed) -> str:
        return handed.prefix + self._laid(handed.secret.get_secret_value().encode())

    def _laid(self, data: bytes) -> str:
        """Return a new file inside with the data, as it is called there."""
        return str(self.sandbox.spoken.ask("lay", data=data.decode(errors="surrogateescape"))["path"])


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
    sandbox: Sandbox

    def read(self) -> bytes:
        """Return what was written so far, of at most 16 MiB."""
        told = self.sandbox.spoken.ask("read", path=self.path, bytes=_REPORT_BYTES)
        return str(told["data"]).encode(errors="surrogateescape")
