"""The doors to data on this machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from sec_ops.backup.source import Arguments, Report
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Completed
from sec_ops.runtime.secrets import redact
from sec_ops.transport.dialogue import Dialogue, dialogue
from sec_ops.transport.process import OUTPUT_BYTES, clean_environment
from sec_ops.transport.streaming import HeadAndTail, handed_secrets, stream_program

__all__ = ["LocalDoors"]

_SHOWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDoors:
    """Programs of this machine, by the process door; `output_bytes` bound what is kept of stdout and stderr each."""

    clock: Clock
    python: str = sys.executable
    output_bytes: int = OUTPUT_BYTES

    def run(self, arguments: Arguments, *, stdin: bytes = b"", deadline_seconds: float) -> Completed:
        """Run a program to its end; raises ProgramMissing, and ProgramFailed at the deadline.

        Output past the bound loses its middle, and a line there says how many bytes are missing.
        """
        said, complained = HeadAndTail(self.output_bytes), HeadAndTail(self.output_bytes)
        streamed = stream_program(
            arguments,
            stdout=said,
            stderr=complained,
            stdin=stdin,
            deadline_seconds=deadline_seconds,
            environment=clean_environment(),
        )
        if streamed.expired:
            what = message("no answer within the deadline")
            why = redact(complained.bytes().decode(errors="replace"), handed_secrets(arguments))
            raise ProgramFailed(what, why=why[-_SHOWN:])
        return Completed(
            exit_code=streamed.exit_code,
            stdout=said.bytes(),
            stderr=complained.bytes(),
            elapsed_ms=streamed.elapsed_ms,
        )

    def talk(self, arguments: Arguments, *, deadline_seconds: float) -> AbstractContextManager[Dialogue]:
        """Start a program that is spoken with."""
        return dialogue(arguments, deadline_seconds=deadline_seconds, environment=clean_environment())

    @contextmanager
    def report(self) -> Iterator[Report]:
        """Give a file in memory; programs of this user reach it through this process while it is open."""
        descriptor = os.memfd_create("report", os.MFD_CLOEXEC)
        try:
            yield _Memory(descriptor, f"/proc/{os.getpid()}/fd/{descriptor}")
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Memory:
    descriptor: int
    path: str

    def read(self) -> bytes:
        """Return the whole file."""
        return os.pread(self.descriptor, os.fstat(self.descriptor).st_size, 0)
