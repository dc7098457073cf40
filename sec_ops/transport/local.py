"""The script on this machine, with the same kind of reply as from a host."""

import os
import pwd
import socket
from pathlib import Path

from sec_ops.model.errors import ConnectionLost, DeadlineExceeded, OutputExceeded, ProtocolFailed, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.transport._child import Ended, HeadAndTail, HeadOnly, run_child
from sec_ops.transport.clock_offset import clock_offset_ms
from sec_ops.transport.process import clean_environment
from sec_ops.transport.values import Privilege, Reply, Target

__all__ = ["local_target", "run_script"]

DEADLINE_SECONDS = 120.0
OUTPUT_BYTES = 16 * 1024 * 1024
_MESSAGES_BYTES = 16384
_SHOWN_CHARACTERS = 1000


def local_target(name: str | None = None, *, deadline_seconds: float = DEADLINE_SECONDS) -> Target:
    """Return this machine as a target; it has no address and needs no key."""
    return Target(
        name=name or socket.gethostname(),
        address="",
        user=_user_name(),
        known_hosts=Path(os.devnull),
        privilege=Privilege.USER if os.geteuid() else Privilege.ROOT,
        deadline_seconds=deadline_seconds,
    )


def run_script(script: bytes, *, clock: Clock, target: Target | None = None, output_bytes: int = OUTPUT_BYTES) -> Reply:
    """Run `script` by /bin/sh on this machine with this process's rights; errors are in the reply.

    `target` (`local_target()` unless given) sets the name shown and the deadline. No sudo is tried: who wants a root's
    view runs the command as root.
    """
    place = target or local_target()
    stdout, stderr = HeadOnly(output_bytes), HeadAndTail(_MESSAGES_BYTES)
    try:
        ended = run_child(
            ["/bin/sh", "-s"],
            stdin=script,
            deadline_seconds=place.deadline_seconds,
            environment=clean_environment(LANG="C.UTF-8", LC_ALL="C.UTF-8"),
            stdout=stdout,
            stderr=stderr,
        )
    except OSError as error:
        return _reply(place, b"", _not_started(place, error), None, clock)
    said = stderr.bytes().decode(errors="replace").strip()[-_SHOWN_CHARACTERS:]
    return _reply(place, stdout.bytes(), _error(place, ended, stdout, said), ended, clock)


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _reply(target: Target, output: bytes, error: TransportError | None, ended: Ended | None, clock: Clock) -> Reply:
    offset = clock_offset_ms(output, clock.now())
    return Reply(
        target=target,
        output=output,
        error=error,
        elapsed_ms=ended.elapsed_ms if ended else 0,
        # The same clock on both sides; that the header carried a time is what the reply says.
        clock_offset_ms=None if offset is None else 0,
        privilege=target.privilege,
        exit_code=ended.exit_code if ended and not error else None,
    )


def _error(target: Target, ended: Ended, stdout: HeadOnly, said: str) -> TransportError | None:
    if stdout.full:
        what = message("{host}: it sent more than {bound} bytes", host=target.name, bound=stdout.bound)
        return OutputExceeded(what, where="/bin/sh -s")
    if ended.expired:
        what = message(
            "{host}: not done within its {seconds} s", host=target.name, seconds=f"{target.deadline_seconds:g}"
        )
        return DeadlineExceeded(
            what,
            where="/bin/sh -s",
            why=said,
            advice=message("see why the host is slow, or give it a longer deadline"),
        )
    if ended.exit_code < 0:
        what = message("{host}: signal {number} ended the script", host=target.name, number=-ended.exit_code)
        return ConnectionLost(what, where="/bin/sh -s", why=said)
    return None


def _not_started(target: Target, error: OSError) -> TransportError:
    what = message("{host}: /bin/sh could not be started", host=target.name)
    return ProtocolFailed(what, where="/bin/sh -s", why=error.strerror or str(error))
