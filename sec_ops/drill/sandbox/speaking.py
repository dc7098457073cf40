"""A sandbox that stands: programs and services run in it, asked of what stands there first."""

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sec_ops.drill.sandbox.layout import ENVIRONMENT, INSIDE
from sec_ops.drill.sandbox.proof import Isolation
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.files import storage_error
from sec_ops.transport.dialogue import Dialogue

__all__ = ["Answer", "Ended", "Sandbox", "Spoken", "give_to"]

_LOOK_SECONDS = 0.2
_PAGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A program that ended inside; the last 64 KiB of what it said."""

    exit_code: int
    expired: bool
    elapsed_ms: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a web server inside said; status 0 with an `error` when it said nothing."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: str
    error: str = ""


def give_to(folder: Path, uid: int) -> None:
    """Make a tree belong to a user; links are not followed. Raises StorageError."""
    try:
        os.chown(folder, uid, uid, follow_symlinks=False)
        for _root, folders, files, descriptor in os.fwalk(folder, follow_symlinks=False):
            for name in (*folders, *files):
                os.chown(name, uid, uid, dir_fd=descriptor, follow_symlinks=False)
    except OSError as error:
        raise storage_error(folder, error) from error


class Spoken:
    """One question and one answer at a time, whichever thread asks."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._lock = threading.Lock()

    def ask(self, deed: str, **what: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON document
        """Return the answer; raises ProgramFailed when the deed failed, or the sandbox ended."""
        with self._lock:
            self._dialogue.say(json.dumps({"do": deed, **what}) + "\n")
            lines = self._dialogue.hear("end")
        answer: dict[str, Any] = json.loads(lines[-1])
        if "failed" in answer:
            raise ProgramFailed(message("the sandbox could not do {deed}", deed=deed), why=str(answer["failed"]))
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """An isolated place, proved; `work` is its folder as seen from outside.

    `limited` says whether this machine's control groups bound its memory and processes.
    """

    work: Path
    isolation: Isolation
    limited: bool
    spoken: Spoken
    _numbers: list[int] = field(default_factory=list, repr=False)

    def seen(self, path: Path) -> str:
        """Return how a path below `work` is called inside."""
        return f"{INSIDE}/{path.relative_to(self.work)}" if path != self.work else INSIDE

    def take(self, folder: Path) -> None:
        """Make a tree below `work` belong to the sandbox's user; raises StorageError."""
        give_to(folder, self.work.stat().st_uid)

    def run(
        self,
        arguments: Sequence[str],
        *,
        seconds: float,
        stdin: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """Run a program to its end, beside others; `stdin` is a file below `work`.

        Raises ProgramFailed when it can't be started or the sandbox ended.
        """
        stdout, stderr = self._outputs()
        job = self.spoken.ask(
            "begin",
            argv=list(arguments),
            env={**ENVIRONMENT, **(environment or {})},
            stdin=self.seen(stdin) if stdin else None,
            stdout=stdout,
            stderr=stderr,
            seconds=seconds,
        )["job"]
        while not (told := self.spoken.ask("wait", job=job, seconds=_LOOK_SECONDS))["done"]:
            pass
        return Ended(
            exit_code=told["exit"],
            expired=told["expired"],
            elapsed_ms=told["ms"],
            stdout=told["stdout"],
            stderr=told["stderr"],
        )

    def start(self, name: str, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        """Start a service; it ends with `stop` or with the sandbox. Raises ProgramFailed."""
        log = f"{INSIDE}/logs/{name}.log"
        environment = {**ENVIRONMENT, **(environment or {})}
        self.spoken.ask("start", name=name, argv=list(arguments), env=environment, stdout=log, stderr=log)

    def said(self, name: str) -> tuple[bool, str]:
        """Return whether a service still runs, and the end of what it said."""
        told = self.spoken.ask("alive", name=name, stderr=f"{INSIDE}/logs/{name}.log")
        return told["alive"], told["said"]

    def stop(self, name: str, *, signal: str = "SIGTERM", seconds: float = 10.0) -> None:
        """Stop a service with its signal, in the end by force."""
        self.spoken.ask("stop", name=name, signal=signal, seconds=seconds)

    def listens(self, address: str, port: int | None = None) -> bool:
        """Return whether something listens inside on a port, or on a Unix socket's path."""
        return bool(self.spoken.ask("reach", address=address, port=port)["errno"] == 0)

    def ask_web(
        self, port: int, path: str, *, host: str, method: str = "GET", body: str | None = None, seconds: float = 10.0
    ) -> Answer:
        """Ask a web server inside for a page of at most 1 MiB; `host` is the name it is asked by."""
        told = self.spoken.ask(
            "http",
            port=port,
            path=path,
            method=method,
            body=body,
            headers={"Host": host},
            seconds=seconds,
            bytes=_PAGE_BYTES,
        )
        headers = tuple((name, value) for name, value in told["headers"])
        return Answer(status=told["status"], headers=headers, body=told["body"], error=told.get("error", ""))

    def _outputs(self) -> tuple[str, str]:
        self._numbers.append(len(self._numbers))
        number = len(self._numbers)
        return f"{INSIDE}/logs/{number}.out", f"{INSIDE}/logs/{number}.err"
