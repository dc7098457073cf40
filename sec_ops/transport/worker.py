"""A program that answers one request after the other over its pipes, for work that may hang or die of its input.

A request and an answer are four bytes of length (little endian) and that many bytes.
"""

import struct
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message

__all__ = ["Worker"]

_LENGTH = struct.Struct("<I")


class Worker:
    """Starts the program at the first request, and anew after it died; one thread at a time."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = list(arguments)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, request: bytes) -> bytes | None:
        """Return the answer, None when the program died of the request; raises ProgramFailed when it can't start."""
        process = self._process = self._process or self._started()
        if process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(_LENGTH.pack(len(request)) + request)
            process.stdin.flush()
            length = process.stdout.read(_LENGTH.size)
            answer = process.stdout.read(*_LENGTH.unpack(length)) if len(length) == _LENGTH.size else b""
        except OSError:
            length, answer = b"", b""
        if len(length) < _LENGTH.size or len(answer) < _LENGTH.unpack(length)[0]:
            self.close()
            return None
        return answer

    def close(self) -> None:
        """End the program."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()

    def _started(self) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            reason = error.strerror or str(error)
            what = message("could not start {program}: {reason}", program=self._arguments[0], reason=reason)
            raise ProgramFailed(what, where=self._arguments[0]) from error
