"""The program of an errand: fed, heard, and ended with its whole group."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from typing import Any

from sec_ops.transport.errand.frames import CHUNK, Link

BOUND = 262144
ALONE_SECONDS = 1.0


class Work:
    """The program, and what goes to and from it."""

    def __init__(self, child: subprocess.Popen[bytes], link: Link, order: dict[str, Any]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self._link = link
        self._grace = float(order["grace"])
        self._end = time.monotonic() + float(order["deadline"])
        self._kill = None  # type: float | None
        self._input = bytearray()
        self._closing = False
        self._stdin = child.stdin
        self._open = {child.stdout.fileno(): b"o", child.stderr.fileno(): b"e"}
        for descriptor in (self._stdin.fileno(), *self._open):
            os.set_blocking(descriptor, False)

    def run(self, alarm: int) -> int:
        """Work until the program has ended and all it said was taken; return its exit code."""
        self._obey()
        while not self._exited():
            self._turn(alarm)
            self._judge()
        self._kill_group(signal.SIGKILL)
        while self._open and self._take(list(self._open)):
            pass
        return self._child.wait()

    def _turn(self, alarm: int) -> None:
        link = self._link
        if link.gone:
            reads = list(self._open)
        else:
            reads = [0] if len(self._input) < BOUND else []
            reads += list(self._open) if len(link.out) < BOUND else []
        writes = [1] if link.out else []
        writes += [self._stdin.fileno()] if self._input else []
        ready, free, _ = select.select([*reads, alarm], writes, [], 0.5 if self._kill else 1.0)
        if alarm in ready:
            os.read(alarm, CHUNK)
        if 0 in ready:
            link.read()
            self._obey()
        self._take([each for each in ready if each in self._open])
        if 1 in free:
            link.write()
        if self._input and self._stdin.fileno() in free:
            self._feed()

    def _obey(self) -> None:
        while True:
            frame = self._link.next()
            if frame is None:
                return
            kind, data = frame
            if kind == b"i" and not self._closing:
                self._input += data
            elif kind == b"c":
                self._closing = True
                self._close_when_fed()
            elif kind == b"t":
                self._begin_end()
            elif kind == b"p":
                self._link.send(b"p", b"")

    def _feed(self) -> None:
        try:
            del self._input[: os.write(self._stdin.fileno(), self._input[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            del self._input[:]
            self._closing = True
        self._close_when_fed()

    def _close_when_fed(self) -> None:
        if self._closing and not self._input and not self._stdin.closed:
            try:
                self._stdin.close()
            except OSError:
                pass

    def _take(self, ready: list[int]) -> bool:
        """Pass on what the program said; return whether anything came."""
        moved = False
        for descriptor in ready:
            try:
                data = os.read(descriptor, CHUNK)
            except BlockingIOError:
                continue
            moved = True
            if data:
                self._link.send(self._open[descriptor], data)
            else:
                del self._open[descriptor]
        return moved

    def _judge(self) -> None:
        self._link.listen()
        now = time.monotonic()
        if self._link.gone or now > self._end:
            self._begin_end()
        if self._kill is not None and now > self._kill:
            self._kill_group(signal.SIGKILL)

    def _begin_end(self) -> None:
        if self._kill is None:
            # Without the controller there is no tunnel either: nothing of restic's could be tidied up.
            self._kill = time.monotonic() + (min(self._grace, ALONE_SECONDS) if self._link.gone else self._grace)
            self._kill_group(signal.SIGTERM)

    def _exited(self) -> bool:
        """Return whether it ended, without reaping it: so long its group's number can't be anybody else's."""
        return os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def _kill_group(self, number: int) -> None:
        try:
            os.killpg(self._child.pid, number)
        except OSError:
            pass
