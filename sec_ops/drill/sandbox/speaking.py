"""A sandbox that stands: programs and services run in it, asked of what stands there first."""

import base64
import itertools
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sec_ops.drill.sandbox.layout import ENVIRONMENT, INSIDE, own_program
from sec_ops.drill.sandbox.proof import Isolation
from sec_ops.drill.sandbox.room import Guard
from sec_ops.drill.sandbox.working import AtWork
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.files import storage_error
from sec_ops.transport.dialogue import Dialogue

__all__ = ["Answer", "Ended", "Sandbox", "Spoken", "give_to"]

_LOOK_SECONDS = 0.05
_PAGE_BYTES = 1024 * 1024
_SHOWN = 2000
_PAGE_SPELLED_BYTES = 7 * _PAGE_BYTES
"""A page as JSON at worst: each byte as six characters, and its headers."""
_PIECE_BYTES = 30_000
"""In base64, with what stands around it, it is shorter than a pipe."""
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A program that ended inside, and the end of what it said; `flooded` when it said more than it might."""

    exit_code: int
    expired: bool
    flooded: bool
    elapsed_ms: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a web server inside said; status 0 when it said nothing, with an `error` unless it was only too `late`.

    `body` is at most the first 1 MiB, the `whole` page or not.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: str
    whole: bool = True
    late: bool = False
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


class _Turns:
    """A lock that threads get in the order in which they came: nobody who asks again and again keeps others out."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._turn = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            number = next(self._numbers)
            self._changed.wait_for(lambda: self._turn == number)

    def __exit__(self, *_raised: object) -> None:
        with self._changed:
            self._turn += 1
            self._changed.notify_all()


class Spoken:
    """One question and one answer at a time, whichever thread asks."""

    def __init__(self, dialogue: Dialogue, guard: Guard) -> None:
        self._dialogue = dialogue
        self.guard = guard
        self._turns = _Turns()

    def ask(self, deed: str, **what: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON document
        """Return the answer; raises ProgramFailed when the deed failed, or the sandbox ended, by its guard maybe."""
        with self._turns:
            try:
                self._dialogue.say(json.dumps({"do": deed, **what}) + "\n")
                lines = self._dialogue.hear("end")
            except ProgramFailed as error:
                raise self.guard.broken or error from error
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
    at_work: AtWork = field(default_factory=AtWork)
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def broken(self) -> ProgramFailed | None:
        """Return why the sandbox was ended for the sake of all outside it, None where it was not."""
        return self.spoken.guard.broken

    def seen(self, path: Path) -> str:
        """Return how a path below `work` is called inside."""
        return f"{INSIDE}/{path.relative_to(self.work)}" if path != self.work else INSIDE

    def take(self, folder: Path) -> None:
        """Make a tree below `work` belong to the sandbox's user; raises StorageError."""
        give_to(folder, self.work.stat().st_uid)

    def hand_over(self, here: Path, there: Path) -> None:
        """Give a tree from outside to the sandbox's user, then move it to a name directly below `work`.

        Nobody inside can put a link there that leads elsewhere: the folder above `work` is ours. Raises StorageError.
        """
        self.take(here)
        try:
            here.rename(there)
        except OSError as error:
            raise storage_error(there, error) from error

    def make_folder(self, path: Path) -> None:
        """Make a folder below `work`, and those above it; raises ProgramFailed."""
        self.spoken.ask("folder", path=self.seen(path))

    def write(self, path: Path, data: bytes) -> None:
        """Write a file below `work`, as the sandbox's user and by the sandbox's own paths; raises ProgramFailed."""
        for begin in range(0, max(len(data), 1), _PIECE_BYTES):
            piece = base64.b64encode(data[begin : begin + _PIECE_BYTES]).decode()
            self.spoken.ask("write", path=self.seen(path), data=piece, further=begin > 0)

    def read(self, path: Path) -> bytes:
        """Return a file below `work` as the sandbox sees it; raises ProgramFailed when it can't be read."""
        pieces: list[bytes] = []
        while not pieces or len(pieces[-1]) == _READ_BYTES:
            told = self.spoken.ask("fetch", path=self.seen(path), begin=len(pieces) * _READ_BYTES, bytes=_READ_BYTES)
            pieces.append(base64.b64decode(told["data"]))
        return b"".join(pieces)

    def move(self, path: Path, to: Path) -> bool:
        """Rename something below `work`; return whether it was there. Raises ProgramFailed."""
        return bool(self.spoken.ask("move", path=self.seen(path), to=self.seen(to))["moved"])

    def listed(self, path: Path) -> Sequence[str]:
        """Return the names in a folder below `work`; none when there is no such folder."""
        return tuple(self.spoken.ask("listed", path=self.seen(path))["names"])

    def run(
        self,
        arguments: Sequence[str],
        *,
        seconds: float,
        stdin: Path | None = None,
        given: str | None = None,
        environment: Mapping[str, str] | None = None,
        kept_bytes: int | None = None,
        most_bytes: int | None = None,
    ) -> Ended:
        """Run a program to its end, beside others; `stdin` is a file below `work`, or a text is `given` instead.

        The last `kept_bytes` it says are kept, 64 KiB unless told; it is ended when it says more than `most_bytes`.
        Raises ProgramFailed when it can't be started or the sandbox ended.
        """
        stdout, stderr = self._outputs()
        with self.at_work.during(Path(arguments[0]).name):
            job = self.spoken.ask(
                "begin",
                argv=list(arguments),
                env={**ENVIRONMENT, **(environment or {})},
                stdin=self.seen(stdin) if stdin else None,
                stdout=stdout,
                stderr=stderr,
                seconds=seconds,
                given=given,
                kept=kept_bytes,
                most=most_bytes,
            )["job"]
            while not (told := self.spoken.ask("wait", job=job, seconds=_LOOK_SECONDS))["done"]:
                pass
        return Ended(
            exit_code=told["exit"],
            expired=told["expired"],
            flooded=told["flooded"],
            elapsed_ms=told["ms"],
            stdout=told["stdout"],
            stderr=told["stderr"],
        )

    def start(self, name: str, arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        """Start a service; it ends with `stop` or with the sandbox. Raises ProgramFailed."""
        log = f"{INSIDE}/logs/{name}.log"
        environment = {**ENVIRONMENT, **(environment or {})}
        self.spoken.ask("start", name=name, argv=list(arguments), env=environment, stdout=log, stderr=log)
        self.at_work.begins(name)

    def said(self, name: str) -> tuple[bool, str]:
        """Return whether a service still runs, and the end of what it said."""
        told = self.spoken.ask("alive", name=name, stderr=f"{INSIDE}/logs/{name}.log")
        return told["alive"], told["said"]

    def stop(self, name: str, *, signal: str = "SIGTERM", seconds: float = 10.0) -> None:
        """Stop a service with its signal, in the end by force."""
        self.spoken.ask("stop", name=name, signal=signal, seconds=seconds)
        self.at_work.ended(name)

    def end(self) -> None:
        """End all that runs inside; whoever asks from now on is told so. A second time does nothing."""
        with suppress(ProgramFailed):
            self.spoken.ask("end")

    def listens(self, address: str, port: int | None = None) -> bool:
        """Return whether something listens inside on a port, or on a Unix socket's path."""
        return bool(self.spoken.ask("reach", address=address, port=port)["errno"] == 0)

    def ask_web(
        self,
        port: int,
        path: str,
        *,
        host: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 10.0,
    ) -> Answer:
        """Ask a web server inside for a page of at most 1 MiB; `host` is the name it is asked by.

        Redirects are told, not followed. A server that goes on saying little is left when the time is over.
        """
        asked = {"port": port, "path": path, "method": method, "body": body, "bytes": _PAGE_BYTES}
        asked |= {"headers": {"Host": host, **(headers or {})}, "seconds": seconds}
        words, given = own_program("web"), json.dumps(asked)
        ended = self.run(words, seconds=seconds, given=given, kept_bytes=_PAGE_SPELLED_BYTES)
        if ended.expired or ended.exit_code != 0:
            why = "" if ended.expired else ended.stderr[-_SHOWN:]
            return Answer(status=0, headers=(), body="", late=ended.expired, error=why)
        told = json.loads(ended.stdout)
        told["headers"] = tuple((name, value) for name, value in told["headers"])
        return Answer(**told)

    def _outputs(self) -> tuple[str, str]:
        number = next(self._numbers)
        return f"{INSIDE}/logs/{number}.out", f"{INSIDE}/logs/{number}.err"
