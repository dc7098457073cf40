"""Programs that end when somebody asks: whatever they do, and also when this process is killed."""

from collections.abc import Callable, Mapping, Sequence

from sec_ops.transport._child import GRACE_SECONDS
from sec_ops.transport.bound import bound
from sec_ops.transport.streaming import Handed, Kept, Streamed, StreamProgram

__all__ = ["halting"]


class _Until:
    """Takes what the other takes, until it is asked to end."""

    def __init__(self, kept: Kept, asked: Callable[[], bool]) -> None:
        self._kept = kept
        self._asked = asked

    @property
    def full(self) -> bool:
        return self._kept.full or self._asked()

    def feed(self, data: bytes) -> None:
        self._kept.feed(data)


def halting(stream: StreamProgram, asked: Callable[[], bool]) -> StreamProgram:
    """Return a door whose programs get SIGTERM within a tenth of a second once `asked` says so.

    Where `setpriv` is there, the kernel kills them with the thread that started them.
    """
    held = bound(stream, "KILL")

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
        return held(
            arguments,
            stdout=_Until(stdout, asked),
            stderr=stderr,
            stdin=stdin,
            deadline_seconds=deadline_seconds,
            environment=environment,
            grace_seconds=grace_seconds,
        )

    return run
