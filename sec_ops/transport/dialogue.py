"""The process door for programs that are spoken with: lines in, lines out up to a mark, one deadline for all."""

import os
import selectors
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Protocol

from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret, redact
from sec_ops.transport._child import GRACE_SECONDS, NotStarted, end_group, start_child
from sec_ops.transport.process import find_program, not_started, shown_arguments
from sec_ops.transport.streaming import Handed, handed_secrets, pipes

__all__ = ["Dialogue", "LocalDialogue", "dialogue"]

_CHUNK_BYTES = 65536
_ANSWER_BYTES = 64 * 1024 * 1024
_SAID_BYTES = 65536


class Dialogue(Protocol):
    """A running program that is spoken with."""

    def say(self, text: str) -> None:
        """Send a text of at most a pipe's length; raises ProgramFailed when the program has gone."""
        ...

    def hear(self, until: str) -> tuple[str, ...]:
        """Return the lines up to the line `until`, without it; raises ProgramFailed when it never comes."""
        ...


class LocalDialogue:
    """A program of this machine. What it says on stderr is kept for its errors."""

    def __init__(
        self, child: subprocess.Popen[bytes], words: Sequence[str], secrets: Collection[Secret], end: float
    ) -> None:
        self._child = child
        self._where = shown_arguments(words, secrets)
        self._secrets = secrets
        self._end = end
        self._heard = bytearray()
        self._complaints = bytearray()
        self._selector = selectors.DefaultSelector()
        for stream, kept in ((child.stdout, self._heard), (child.stderr, self._complaints)):
            os.set_blocking(_pipe(stream).fileno(), False)
            self._selector.register(_pipe(stream), selectors.EVENT_READ, kept)

    @property
    def process(self) -> int:
        """Return the number of the program's process."""
        return self._child.pid

    def say(self, text: str) -> None:
        """Send a text of at most a pipe's length; raises ProgramFailed when the program has gone."""
        try:
            _pipe(self._child.stdin).write(text.encode())
            _pipe(self._child.stdin).flush()
        except OSError as error:
            self._drain()
            raise self._failed() from error

    def hear(self, until: str) -> tuple[str, ...]:
        """Return the lines up to the line `until`, without it; raises ProgramFailed when it never comes."""
        mark = until.encode()
        while (lines := self._complete(mark)) is None:
            if not self._wait():
                raise self._failed()
        return lines

    def kill(self) -> None:
        """End the program at once, from any thread, even one that doesn't wait for its answer."""
        self._child.kill()

    def close(self) -> None:
        """End the program with its group."""
        self._selector.close()
        end_group(self._child, GRACE_SECONDS)

    def _complete(self, mark: bytes) -> tuple[str, ...] | None:
        lines = bytes(self._heard).split(b"\n")
        if mark not in lines[:-1]:
            return None
        place = lines.index(mark)
        del self._heard[:]
        self._heard += b"\n".join(lines[place + 1 :])
        return tuple(line.decode(errors="replace") for line in lines[:place])

    def _wait(self) -> bool:
        """Take what comes next; return whether more can come."""
        remaining = self._end - time.monotonic()
        if remaining <= 0 or len(self._heard) > _ANSWER_BYTES:
            return False
        for key, _ in self._selector.select(remaining):
            data = os.read(key.fd, _CHUNK_BYTES)
            key.data.extend(data)
            if key.data is self._complaints:
                del self._complaints[:-_SAID_BYTES]
            if not data:
                self._selector.unregister(key.fileobj)
        return any(key.data is self._heard for key in self._selector.get_map().values())

    def _drain(self) -> None:
        while self._selector.get_map() and self._wait():
            pass

    def _failed(self) -> ProgramFailed:
        why = redact(bytes(self._complaints).decode(errors="replace").strip(), self._secrets)
        if time.monotonic() >= self._end:
            return ProgramFailed(message("no answer within the deadline"), where=self._where, why=why)
        return ProgramFailed(message("the program ended before it answered"), where=self._where, why=why)


@contextmanager
def dialogue(
    arguments: Sequence[str | Handed], *, deadline_seconds: float, environment: Mapping[str, str] | None = None
) -> Iterator[LocalDialogue]:
    """Start a program, never through a shell, and speak with it; its whole group is ended with the context.

    Raises ProgramMissing, and ProgramFailed when it can't be started.
    """
    secrets = handed_secrets(arguments)
    with pipes(arguments) as (words, descriptors):
        try:
            child = start_child([find_program(words[0], environment), *words[1:]], environment, descriptors)
        except NotStarted as error:
            raise not_started(words, error, secrets) from error
    spoken = LocalDialogue(child, words, secrets, time.monotonic() + deadline_seconds)
    try:
        yield spoken
    finally:
        spoken.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - all three are opened as pipes
    return stream
