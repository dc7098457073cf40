"""The one place where the bed runs short programs on the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence

from tests.testbed.errors import CommandFailed, TestbedError

__all__ = ["run"]


def run(
    argv: Sequence[str], *, data: bytes = b"", accept: Collection[int] | None = (0,), timeout: float = 600.0
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end and return its output as bytes.

    ``accept`` are the exit statuses that are no error, None for any. ``timeout`` is in seconds.
    Raises CommandFailed on another status and TestbedError when the time is up.
    """
    try:
        done = subprocess.run(list(argv), input=data, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise TestbedError(f"{' '.join(argv)}: still running after {timeout:.0f} s, ended") from error
    if accept is not None and done.returncode not in accept:
        raise CommandFailed(argv, done.returncode, done.stderr + done.stdout[-1000:])
    return done
