"""The SSH door: one script, many hosts, one connection and one command each."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing

from sec_ops.model.protocols import Clock, Randomness, SecretReader
from sec_ops.transport._fan_out import fan_out
from sec_ops.transport._jumps import JumpHosts
from sec_ops.transport._visit import Limits, Visit
from sec_ops.transport.credentials import read_credentials
from sec_ops.transport.values import Reply, Target

__all__ = ["run_script", "run_scripts"]

PARALLEL = 50
CONNECT_SECONDS = 10.0
OUTPUT_BYTES = 16 * 1024 * 1024


def run_script(
    targets: Sequence[Target],
    script: bytes,
    *,
    read_secret: SecretReader,
    clock: Clock,
    randomness: Randomness = os.urandom,
    parallel: int = PARALLEL,
    connect_seconds: float = CONNECT_SECONDS,
    output_bytes: int = OUTPUT_BYTES,
) -> Iterator[Reply]:
    """Run `script` by /bin/sh on every target; return one reply for each as they complete, errors in the replies.

    Host keys are always verified, those of jump hosts too. A pinned target runs its own collector and is not sent the
    script. Raises ContentInvalid, at once and before any connection, with all keys, secrets and known_hosts that can't
    be read. Closing the iterator ends every connection promptly.
    """
    return run_scripts(
        [(target, script) for target in targets],
        read_secret=read_secret,
        clock=clock,
        randomness=randomness,
        parallel=parallel,
        connect_seconds=connect_seconds,
        output_bytes=output_bytes,
    )


def run_scripts(
    jobs: Sequence[tuple[Target, bytes]],
    *,
    read_secret: SecretReader,
    clock: Clock,
    randomness: Randomness = os.urandom,
    parallel: int = PARALLEL,
    connect_seconds: float = CONNECT_SECONDS,
    output_bytes: int = OUTPUT_BYTES,
) -> Iterator[Reply]:
    """Do what `run_script` does, with a script of its own for each target."""
    limits = Limits(connect_seconds=connect_seconds, output_bytes=output_bytes)
    credentials = read_credentials([target for target, _ in jobs], read_secret)
    jumps = JumpHosts(connect_seconds=connect_seconds, clock=clock)
    visits = [
        Visit(target, script, own, limits, clock, randomness, jumps)
        for (target, script), own in zip(jobs, credentials, strict=True)
    ]
    return _made(visits, parallel, jumps)


def _made(visits: Sequence[Visit], parallel: int, jumps: JumpHosts) -> Iterator[Reply]:
    with closing(jumps):
        yield from fan_out(visits, parallel)
