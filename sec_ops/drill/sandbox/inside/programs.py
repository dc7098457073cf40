"""Programs in the sandbox: run to their end, kept as services, or spoken with."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import threading
import time
from contextlib import ExitStack
from typing import IO, Any

from sec_ops.drill.sandbox.inside.opening import opened, output

TAIL = 65536
LOOK = 0.1
jobs: dict[int, Job] = {}
services: dict[str, subprocess.Popen[bytes]] = {}
talks: dict[int, Talk] = {}


class Job:
    """A program run to its end beside others; its output lies in files, held open, of which the end is told."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.started = time.monotonic()
        self.expired = self.flooded = False
        self.ended_ms: int | None = None
        self.kept, self.most = asked.get("kept") or TAIL, asked.get("most")
        with ExitStack() as held:
            self.output, self.errors = [held.enter_context(output(asked[name])) for name in ("stdout", "stderr")]
            self.child = spawn(asked, asked.get("stdin") or os.devnull, self.output, self.errors)
            self.files = held.pop_all()
        self.thread = threading.Thread(target=self._wait, args=(float(asked["seconds"]),), daemon=True)
        self.thread.start()

    def _wait(self, seconds: float) -> None:
        while self.child.poll() is None:
            left = seconds - (time.monotonic() - self.started)
            try:
                self.child.wait(max(0.0, min(left, LOOK)))
            except subprocess.TimeoutExpired:
                self.expired = left <= LOOK
                if self.expired or self._floods():
                    end(self.child, signal.SIGKILL)
        self.flooded = self._floods()
        self.ended_ms = round((time.monotonic() - self.started) * 1000)

    def _floods(self) -> bool:
        said = sum(os.fstat(each.fileno()).st_size for each in (self.output, self.errors))
        return self.most is not None and said > self.most

    def told(self, seconds: float) -> dict[str, Any]:
        """Return how it stands after waiting a while."""
        self.thread.join(seconds)
        if self.ended_ms is None:
            return {"done": False}
        with self.files:
            return {
                "done": True,
                "exit": self.child.returncode,
                "expired": self.expired,
                "flooded": self.flooded,
                "ms": self.ended_ms,
                "stdout": end_of(self.output, self.kept),
                "stderr": end_of(self.errors, TAIL),
            }


class Talk:
    """A program that is spoken with; what it says is read at once, so that it never waits for a reader."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.lines: list[str] = []
        self.ended = False
        self.changed = threading.Condition()
        self.errors = asked["stderr"]
        with output(self.errors) as errors:
            pipe = subprocess.PIPE
            self.child = subprocess.Popen(
                asked["argv"], stdin=pipe, stdout=pipe, stderr=errors, env=asked["env"], start_new_session=True
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify()
        with self.changed:
            self.ended = True
            self.changed.notify()

    def hear(self, until: str, seconds: float) -> list[str] | None:
        """Return the lines up to the line `until`, None when it did not come yet; raises OSError when it never will."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or until in self.lines, seconds)
            if until in self.lines:
                place = self.lines.index(until)
                told, self.lines = self.lines[:place], self.lines[place + 1 :]
                return told
            if self.ended:
                raise OSError(errno.EPIPE, "the program ended: " + tail(self.errors)[-2000:])
            return None


def spawn(asked: dict[str, Any], stdin: str, said: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program in a group of its own, with nothing but the environment that was asked for."""
    given = asked.get("given")
    with opened(stdin) as taken:
        child = subprocess.Popen(
            asked["argv"],
            stdin=taken if given is None else subprocess.PIPE,
            stdout=said,
            stderr=errors,
            env=asked["env"],
            start_new_session=True,
        )
    if given is not None:
        threading.Thread(target=give, args=(child, given.encode(errors="surrogateescape")), daemon=True).start()
    return child


def give(child: subprocess.Popen[bytes], data: bytes) -> None:
    """Give a program its input, for as long as it takes it."""
    assert child.stdin is not None
    try:
        with child.stdin:
            child.stdin.write(data)
    except OSError:
        pass


def end(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a program's whole group."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass
    child.wait()


def tail(path: str) -> str:
    """Return the end of a file as text."""
    with opened(path) as stream:
        return end_of(stream, TAIL)


def end_of(stream: IO[bytes], kept: int) -> str:
    """Return the end of an open file as text."""
    stream.seek(max(0, os.fstat(stream.fileno()).st_size - kept))
    return stream.read(kept).decode(errors="replace")


def begin(asked: dict[str, Any]) -> dict[str, Any]:
    """Start a job."""
    number = len(jobs) + 1
    jobs[number] = Job(asked)
    return {"job": number}


def wait(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell how a job stands."""
    return jobs[asked["job"]].told(float(asked["seconds"]))


def start(asked: dict[str, Any]) -> dict[str, Any]:
    """Start a service, which goes on until it is stopped."""
    with output(asked["stdout"]) as log:
        services[asked["name"]] = spawn(asked, os.devnull, log, log)
    return {"pid": services[asked["name"]].pid}


def alive(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell whether a service runs, and the end of what it said."""
    code = services[asked["name"]].poll()
    return {"alive": code is None, "exit": code, "said": tail(asked["stderr"])}


def stop(asked: dict[str, Any]) -> dict[str, Any]:
    """Stop a service, in the end by force."""
    child = services.pop(asked["name"])
    for number in (getattr(signal, asked["signal"]), signal.SIGQUIT, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        try:
            child.wait(float(asked["seconds"]))
            break
        except subprocess.TimeoutExpired:
            continue
    return {"exit": child.wait()}


def talk(asked: dict[str, Any]) -> dict[str, Any]:
    """Start a program that is spoken with."""
    number = max(talks, default=0) + 1
    talks[number] = Talk(asked)
    return {"talk": number}


def say(asked: dict[str, Any]) -> dict[str, Any]:
    """Send a text to a program."""
    stream = talks[asked["talk"]].child.stdin
    assert stream is not None
    stream.write(asked["text"].encode())
    stream.flush()
    return {}


def hear(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell the lines up to a mark, nothing when they are not there yet."""
    return {"lines": talks[asked["talk"]].hear(asked["until"], float(asked["seconds"]))}


def hang_up(asked: dict[str, Any]) -> dict[str, Any]:
    """End a program that was spoken with."""
    end(talks.pop(asked["talk"]).child, signal.SIGKILL)
    return {}
