"""The doors to data on a host of the inventory."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from sec_ops.backup.source import Arguments, Report
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Completed
from sec_ops.runtime.secrets import redact
from sec_ops.transport.dialogue import Dialogue
from sec_ops.transport.process import OUTPUT_BYTES
from sec_ops.transport.remote import RemoteHost
from sec_ops.transport.streaming import HeadAndTail, handed_secrets

__all__ = ["RemoteDoors"]

_SHOWN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteDoors:
    """Programs of a host, over its one connection. Every method raises a TransportError when that fails."""

    clock: Clock
    host: RemoteHost

    @property
    def python(self) -> str:
        """Return the Python there."""
        return self.host.facts.python

    def run(self, arguments: Arguments, *, stdin: bytes = b"", deadline_seconds: float) -> Completed:
        """Run a program to its end; raises ProgramMissing, and ProgramFailed at the deadline.

        Output past the bound loses its middle, and a line there says how many bytes are missing.
        """
        said, complained = HeadAndTail(OUTPUT_BYTES), HeadAndTail(OUTPUT_BYTES)
        streamed = self.host.stream(
            arguments,
            stdout=said,
            stderr=complained,
            stdin=stdin,
            deadline_seconds=deadline_seconds,
        )
        if streamed.expired:
            what = message("no answer within the deadline")
            why = redact(complained.bytes().decode(errors="replace"), handed_secrets(arguments))
            raise ProgramFailed(what, where=self.host.target.name, why=why[-_SHOWN:])
        return Completed(
            exit_code=streamed.exit_code,
            stdout=said.bytes(),
            stderr=complained.bytes(),
            elapsed_ms=streamed.elapsed_ms,
        )

    def talk(self, arguments: Arguments, *, deadline_seconds: float) -> AbstractContextManager[Dialogue]:
        """Start a program that is spoken with."""
        return self.host.talk(arguments, deadline_seconds=deadline_seconds)

    def report(self) -> AbstractContextManager[Report]:
        """Hold a report in the memory of a process there: nothing is written to the host's disk."""
        return self.host.report()
