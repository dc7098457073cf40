"""Programs bound to this process: the kernel ends them when it is gone, however it went."""

import shutil
from collections.abc import Mapping, Sequence
from typing import Literal

from sec_ops.transport._child import GRACE_SECONDS
from sec_ops.transport.streaming import Handed, Kept, Streamed, StreamProgram

__all__ = ["bound"]


def _bound_words(number: Literal["TERM", "KILL"]) -> list[str]:
    """Return the words before a program that the kernel sends a signal once the thread that started it is gone.

    None where there is no `setpriv` (util-linux). Source: prctl(2), PR_SET_PDEATHSIG.
    """
    return ["setpriv", "--pdeathsig", number, "--"] if shutil.which("setpriv") else []


def bound(stream: StreamProgram, number: Literal["TERM", "KILL"] = "TERM") -> StreamProgram:
    """Return a door whose programs get a signal when we are killed: SIGTERM ends them in order, as after Ctrl-C."""
    before = _bound_words(number)

    def run(
        arguments: Sequence[str | Handed],
        *,
        stdout: Kept,
        stderr: Kept,
        stdin: bytes = b"",
        deadline_seconds: float,
        environment: Mapping[str, str] | None = None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> Streamed:
        return stream(
            [*before, *arguments],
            stdout=stdout,
            stderr=stderr,
            stdin=stdin,
            deadline_seconds=deadline_seconds,
            environment=environment,
            grace_seconds=grace_seconds,
        )

    return run
