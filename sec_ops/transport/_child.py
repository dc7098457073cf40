"""One child process from start to end: feed it, read it within bounds, end its whole group."""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

__all__ = [
    "GRACE_SECONDS",
    "Ended",
    "HeadAndTail",
    "HeadOnly",
    "Kept",
    "NotStarted",
    "end_group",
    "run_child",
    "start_child",
]

_CHUNK_BYTES = 65536
_FEW_BYTES = 8192
_LOOK_SECONDS = 0.1
GRACE_SECONDS = 1.0
"""Seconds between SIGTERM and SIGKILL unless more are given."""


class Kept(Protocol):
    """What takes the bytes of one output; the program is ended once `full` is true."""

    @property
    def full(self) -> bool:
        """Return whether no more is taken."""
        ...

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream; none at its end."""
        ...


@dataclass(slots=True)
class HeadAndTail:
    """Keeps the first and the last bytes of a stream; the program goes on when the middle is dropped."""

    bound: int
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    dropped: int = 0
    full: bool = False

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream."""
        room = self.bound // 2 - len(self.head)
        self.head += data[: max(room, 0)]
        self.tail += data[max(room, 0) :]
        surplus = len(self.tail) - (self.bound - self.bound // 2)
        if surplus > 0:
            del self.tail[:surplus]
            self.dropped += surplus

    def bytes(self) -> bytes:
        """Return what was kept; a line between head and tail says how much is missing."""
        gap = f"\n[{self.dropped} bytes cut here]\n".encode() if self.dropped else b""
        return bytes(self.head) + gap + bytes(self.tail)


@dataclass(slots=True)
class HeadOnly:
    """Keeps the first bytes of a stream; the program is ended once more than that came."""

    bound: int
    head: bytearray = field(default_factory=bytearray)
    full: bool = False

    def feed(self, data: bytes) -> None:
        """Take more bytes of the stream."""
        room = self.bound - len(self.head)
        self.head += data[:room]
        self.full = self.full or len(data) > room

    def bytes(self) -> bytes:
        """Return what was kept."""
        return bytes(self.head)


class NotStarted(OSError):
    """The system would not start the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a child ended: `exit_code` is minus the signal's number when a signal ended it."""

    exit_code: int
    expired: bool
    elapsed_ms: int


def run_child(
    arguments: Sequence[str],
    *,
    stdin: bytes,
    deadline_seconds: float,
    environment: Mapping[str, str] | None,
    stdout: Kept,
    stderr: Kept,
    descriptors: Sequence[int] = (),
    grace_seconds: float = GRACE_SECONDS,
    gather_seconds: float = 0.0,
) -> Ended:
    """Run a program in a process group of its own until it ends, the deadline passes or an output is full.

    It inherits `descriptors` under their own numbers. Of few bytes at a time, those of `gather_seconds` are taken at
    once. Whatever happens, interruption included, no process of the group is left. Raises NotStarted when it can't
    start.
    """
    started = time.monotonic()
    child = start_child(arguments, environment, descriptors)
    try:
        expired = _pump(child, stdin, started + deadline_seconds, (stdout, stderr), gather_seconds)
    finally:
        exit_code = end_group(child, grace_seconds)
    return Ended(exit_code=exit_code, expired=expired, elapsed_ms=int((time.monotonic() - started) * 1000))


def start_child(
    arguments: Sequence[str], environment: Mapping[str, str] | None, descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    """Start a program as the first of a process group of its own; raises NotStarted."""
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            list(arguments),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=environment,
            start_new_session=True,
            pass_fds=descriptors,
        )
    except OSError as error:
        raise NotStarted(error.errno, error.strerror) from error


def _pump(
    child: subprocess.Popen[bytes], stdin: bytes, end: float, outputs: tuple[Kept, Kept], gather_seconds: float
) -> bool:
    """Move bytes until the child has ended and its pipes are empty; return whether the deadline passed."""
    with selectors.DefaultSelector() as selector:
        _register_input(selector, child, stdin)
        for stream, kept in zip((child.stdout, child.stderr), outputs, strict=True):
            selector.register(_pipe(stream), selectors.EVENT_READ, _reader(_pipe(stream), kept))
        while not any(kept.full for kept in outputs):
            remaining = end - time.monotonic()
            if remaining <= 0:
                return True
            moved = 0
            for key, _ in selector.select(min(remaining, _LOOK_SECONDS)):
                count = key.data()
                moved += count
                if not count:
                    selector.unregister(key.fileobj)
            if not selector.get_map() or _has_exited(child):
                return _finish(selector, child, end)
            if gather_seconds and 0 < moved < _FEW_BYTES:
                time.sleep(gather_seconds)
    return False


def _finish(selector: selectors.BaseSelector, child: subprocess.Popen[bytes], end: float) -> bool:
    """Take what still lies in the pipes of an ended child, or wait for one that closed them."""
    pause = 0.001
    while not _has_exited(child):
        if time.monotonic() >= end:
            return True
        time.sleep(pause)
        pause = min(pause * 2, _LOOK_SECONDS)
    _kill_group(child.pid, signal.SIGKILL)
    while selector.get_map():
        ready = selector.select(0)
        for key, _ in ready:
            if not key.data() or key.events & selectors.EVENT_WRITE:
                selector.unregister(key.fileobj)
        if not ready:
            break
    return False


def _register_input(selector: selectors.BaseSelector, child: subprocess.Popen[bytes], data: bytes) -> None:
    stream = _pipe(child.stdin)
    if data:
        selector.register(stream, selectors.EVENT_WRITE, _writer(stream, memoryview(data)))
    else:
        stream.close()


def _reader(stream: IO[bytes], kept: Kept) -> Callable[[], int]:
    os.set_blocking(stream.fileno(), False)

    def read() -> int:
        data = os.read(stream.fileno(), _CHUNK_BYTES)
        kept.feed(data)
        return 0 if kept.full else len(data)

    return read


def _writer(stream: IO[bytes], data: memoryview) -> Callable[[], int]:
    os.set_blocking(stream.fileno(), False)
    left = data

    def write() -> int:
        nonlocal left
        try:
            left = left[os.write(stream.fileno(), left[:_CHUNK_BYTES]) :]
        except BrokenPipeError:
            left = left[:0]
        if not left:
            _close(stream)
        return len(left)

    return write


def end_group(child: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """End every process of the child's group, politely first when the child still runs; return its exit code."""
    if not _has_exited(child):
        _kill_group(child.pid, signal.SIGTERM)
        end = time.monotonic() + grace_seconds
        while not _has_exited(child) and time.monotonic() < end:
            time.sleep(0.01)
    # The child is not reaped yet, so its group's number can't belong to anybody else.
    _kill_group(child.pid, signal.SIGKILL)
    for stream in (child.stdin, child.stdout, child.stderr):
        _close(_pipe(stream))
    return child.wait()


def _has_exited(child: subprocess.Popen[bytes]) -> bool:
    """Return whether the child ended, without reaping it."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        stream.close()


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - all three are opened as pipes
    return stream
