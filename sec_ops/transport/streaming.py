"""The process door for programs that speak while they work: each line as it comes, memory bounded, always a deadline.

A secret goes in by an inherited pipe: a `Handed` argument becomes a path such as `/dev/fd/7`, of which the program
reads the secret once. It stands in no argument, no environment and no file.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret
from sec_ops.transport._child import GRACE_SECONDS, HeadAndTail, Kept, NotStarted, run_child
from sec_ops.transport.process import find_program, not_started

__all__ = [
    "Bytes",
    "Handed",
    "HeadAndTail",
    "Kept",
    "Lines",
    "StreamProgram",
    "Streamed",
    "handed_secrets",
    "pipes",
    "stream_program",
]

LINE_BYTES = 4 * 1024 * 1024
"""Longest line handed over whole; of a longer one the first part, with `…` at its end."""

_PIPE_BYTES = 65536
_GATHER_SECONDS = 0.01
"""A program that tells of each of a million files would wake us a million times."""


@dataclass(frozen=True, slots=True)
class Handed:
    """An argument whose value the program reads from an inherited pipe; `prefix` stands before the path."""

    secret: Secret
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """How it ended: `exit_code` is minus the signal's number; `expired` when the deadline ended it."""

    exit_code: int
    expired: bool
    elapsed_ms: int


@dataclass(slots=True)
class Lines:
    """Hands each line, without its end, to `on_line`; an unfinished last line too."""

    on_line: Callable[[bytes], None]
    bound: int = LINE_BYTES
    full: bool = False
    _rest: bytearray = field(default_factory=bytearray)
    _cut: bool = False

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream; none at its end."""
        first, *others = data.split(b"\n")
        self._add(first)
        for part in others:
            self._hand_over()
            self._add(part)
        if not data and (self._rest or self._cut):
            self._hand_over()

    def _add(self, part: bytes) -> None:
        room = self.bound - len(self._rest)
        self._cut = self._cut or len(part) > room
        self._rest += part[:room]

    def _hand_over(self) -> None:
        line = bytes(self._rest) + ("…".encode() if self._cut else b"")
        self._rest.clear()
        self._cut = False
        self.on_line(line)


@dataclass(slots=True)
class Bytes:
    """Hands the bytes over as they come, in pieces of at most 64 KiB."""

    on_bytes: Callable[[bytes], object]
    full: bool = False

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream; none at its end."""
        if data:
            self.on_bytes(data)


class StreamProgram(Protocol):
    """Run a program to its end and hand over what it says while it says it."""

    def __call__(
        self,
        arguments: Sequence[str | Handed],
        *,
        stdout: Kept,
        stderr: Kept,
        stdin: bytes = b"",
        deadline_seconds: float,
        environment: Mapping[str, str] | None = None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> Streamed:
        """Return how it ended; raises ProgramMissing, and ProgramFailed when it can't be started."""
        ...


def stream_program(
    arguments: Sequence[str | Handed],
    *,
    stdout: Kept,
    stderr: Kept,
    stdin: bytes = b"",
    deadline_seconds: float,
    environment: Mapping[str, str] | None = None,
    grace_seconds: float = GRACE_SECONDS,
) -> Streamed:
    """Run a program, never through a shell, and feed `stdout` and `stderr` (`Lines`, `Bytes`) as it speaks.

    At the deadline, when `full` is set or when they raise, its whole process group gets SIGTERM, and SIGKILL
    `grace_seconds` later; what they raise is passed on. Slow consumers slow the program down; nothing piles up.
    Raises ProgramMissing, and ProgramFailed when it can't be started or a secret is longer than a pipe holds.
    """
    with pipes(arguments) as (words, descriptors):
        try:
            ended = run_child(
                [find_program(words[0], environment), *words[1:]],
                stdin=stdin,
                deadline_seconds=deadline_seconds,
                environment=environment,
                stdout=stdout,
                stderr=stderr,
                descriptors=descriptors,
                grace_seconds=grace_seconds,
                gather_seconds=_GATHER_SECONDS,
            )
        except NotStarted as error:
            raise not_started(words, error, handed_secrets(arguments)) from error
    stdout.feed(b"")
    stderr.feed(b"")
    return Streamed(exit_code=ended.exit_code, expired=ended.expired, elapsed_ms=ended.elapsed_ms)


def handed_secrets(arguments: Sequence[str | Handed]) -> list[Secret]:
    """Return the secrets among the arguments, which no text may show."""
    return [each.secret for each in arguments if isinstance(each, Handed)]


@contextmanager
def pipes(arguments: Sequence[str | Handed]) -> Iterator[tuple[list[str], list[int]]]:
    """Yield the arguments with paths of pipes that hold the secrets, and the pipes' descriptors."""
    descriptors: list[int] = []
    try:
        words = []
        for argument in arguments:
            if isinstance(argument, Handed):
                descriptors.append(_filled_pipe(argument.secret))
                words.append(f"{argument.prefix}/dev/fd/{descriptors[-1]}")
            else:
                words.append(argument)
        yield words, descriptors
    finally:
        for each in descriptors:
            os.close(each)


def _filled_pipe(secret: Secret) -> int:
    """Return the reading end of a pipe that holds the secret and its end."""
    data = secret.get_secret_value().encode(errors="surrogateescape")
    if len(data) > _PIPE_BYTES:
        raise ProgramFailed(message("a secret is longer than {bound} bytes", bound=_PIPE_BYTES))
    reading, writing = os.pipe()
    try:
        os.set_blocking(writing, False)
        os.write(writing, data)
    finally:
        os.close(writing)
    return reading
