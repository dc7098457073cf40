"""A host worked on for a while: one SSH connection, any number of programs on it, and tunnels back to this machine.

Programs are run by an errand (`errand.py`), which hands secrets over by pipes and ends with the connection. Host keys
are verified, jump hosts used and sudo asked as for `sec_ops.transport.ssh`.
"""

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from sec_ops.model.errors import PrivilegeRefused, ProgramFailed, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Randomness, SecretReader
from sec_ops.transport._child import GRACE_SECONDS, Kept
from sec_ops.transport._errands import SILENCE_SECONDS, Errand, Peer, begun, order_to_run, raise_unstarted
from sec_ops.transport._failures import place
from sec_ops.transport._link import Arrival, Link
from sec_ops.transport._remote_dialogue import RemoteDialogue
from sec_ops.transport.credentials import read_credentials
from sec_ops.transport.streaming import Handed, Streamed
from sec_ops.transport.values import Privilege, Target

__all__ = ["SILENCE_SECONDS", "HostFacts", "RemoteHost", "RemoteReport", "remote_host"]

_ANSWER_SECONDS = 30.0
_LAST_WORDS_SECONDS = 5.0
_PING_SHARE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What a host told of itself: its Python, name and search path, where a cache may lie, its restic ("" for none)."""

    python: str
    host: str
    path: str
    cache: str
    restic: str


class RemoteReport:
    """A report held in memory on the host, written by programs there at `path`."""

    def __init__(self, errand: Errand, path: str) -> None:
        self._errand = errand
        self.path = path

    def read(self) -> bytes:
        """Return what was written so far; raises ConnectionLost."""
        self._errand.send(b"r")
        return _answer(self._errand, b"m")


class RemoteHost:
    """A connected host; its methods may be used from several threads."""

    def __init__(self, link: Link, peer: Peer) -> None:
        self._link = link
        self._peer = peer
        self._errands: set[Errand] = set()
        self._stopped = threading.Event()
        self.facts = self._ask_facts()
        self._peer = replace(peer, python=self.facts.python)
        threading.Thread(target=self._ping, daemon=True).start()

    @property
    def target(self) -> Target:
        """Return which host this is."""
        return self._peer.target

    def stream(
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
        """Run a program there as `stream_program` does here; `environment` is added to the host's own.

        Raises ProgramMissing, ProgramFailed when it can't be started, and a TransportError when the link fails.
        """
        started = time.monotonic()
        order = order_to_run(
            arguments, environment=environment, deadline_seconds=deadline_seconds, grace_seconds=grace_seconds
        )
        with self._errand(order) as errand:
            feeding = threading.Thread(target=_feed, args=(errand, stdin), daemon=True)
            feeding.start()
            run = _Run(errand, stdout, stderr, started + deadline_seconds, grace_seconds)
            code = run.code(_program(arguments), self._peer.target)
        stdout.feed(b"")
        stderr.feed(b"")
        elapsed = int((time.monotonic() - started) * 1000)
        return Streamed(exit_code=code, expired=run.expired, elapsed_ms=elapsed)

    @contextmanager
    def talk(self, arguments: Sequence[str | Handed], *, deadline_seconds: float) -> Iterator[RemoteDialogue]:
        """Start a program there and speak with it; it ends with the context."""
        order = order_to_run(arguments, deadline_seconds=deadline_seconds, grace_seconds=GRACE_SECONDS)
        with self._errand(order) as errand:
            yield RemoteDialogue(errand, self._peer, _program(arguments), time.monotonic() + deadline_seconds)

    @contextmanager
    def report(self) -> Iterator[RemoteReport]:
        """Hold a report in the memory of a process there, gone with the context."""
        with self._errand({"do": "hold"}) as errand:
            yield RemoteReport(errand, _answer(errand, b"h").decode(errors="replace"))
            with suppress(TransportError):
                errand.send(b"t")

    def forward(self, arrival: Arrival) -> int:
        """Return the port on the host's loopback whose connections `arrival` takes; raises PrivilegeRefused."""
        return self._link.forward(arrival)

    def took(self, count: int) -> None:
        """Tell that so many bytes went through a tunnel."""
        self._link.took(count)

    def close(self) -> None:
        """End everything there."""
        self._stopped.set()
        self._link.close()

    @contextmanager
    def _errand(self, order: Mapping[str, Any]) -> Iterator[Errand]:
        errand = begun(self._link.transport, self._peer, order)
        self._errands.add(errand)
        try:
            yield errand
        finally:
            self._errands.discard(errand)
            errand.close()

    def _ask_facts(self) -> HostFacts:
        with self._errand({"do": "tell"}) as errand:
            told = _read(_answer(errand, b"f"), self._peer.target)
        return HostFacts(**{name: str(told.get(name, "")) for name in HostFacts.__dataclass_fields__})

    def _ping(self) -> None:
        while not self._stopped.wait(self._peer.silence_seconds / _PING_SHARE):
            for errand in tuple(self._errands):
                errand.ping()


@contextmanager
def remote_host(
    target: Target,
    *,
    read_secret: SecretReader,
    clock: Clock,
    randomness: Randomness = os.urandom,
    silence_seconds: float = SILENCE_SECONDS,
) -> Iterator[RemoteHost]:
    """Connect to a host and end all that runs there for us with the context, whatever happens.

    Raises ContentInvalid for secrets that can't be read, a TransportError when the host can't be spoken to,
    PrivilegeRefused for one that runs its own collector only, ProgramMissing without Python there.
    """
    if target.privilege is Privilege.PINNED:
        raise _only_its_collector(target)
    (credentials,) = read_credentials([target], read_secret)
    link = Link(target, credentials, clock)
    try:
        peer = Peer(
            target=target,
            credentials=credentials,
            randomness=randomness,
            took=link.took,
            cut=link.cut,
            silence_seconds=silence_seconds,
        )
        host = RemoteHost(link, peer)
    except BaseException:
        link.close()
        raise
    try:
        yield host
    finally:
        host.close()


class _Run:
    """Frames of a running program to its outputs; it is ended at the deadline, or when an output wants no more."""

    def __init__(self, errand: Errand, stdout: Kept, stderr: Kept, end: float, grace_seconds: float) -> None:
        self.expired = False
        self._errand = errand
        self._outputs = {b"o": stdout, b"e": stderr}
        self._end = end
        self._patience = grace_seconds + _LAST_WORDS_SECONDS

    def code(self, program: str, target: Target) -> int:
        """Return the exit code, minus the signal's number when one ended it."""
        try:
            ended = self._to_end()
        except TransportError:
            raise
        except BaseException:
            self._end_politely()
            raise
        raise_unstarted(ended, program, target)
        return int(ended["code"])

    def _to_end(self) -> Mapping[str, Any]:
        while (frame := self._errand.next(self._end)) is not None:
            kind, data = frame
            if kind == b"x":
                return dict(json.loads(data))
            if kind in self._outputs:
                self._outputs[kind].feed(data)
            if any(kept.full for kept in self._outputs.values()):
                return self._end_politely()
        self.expired = True
        return self._end_politely()

    def _end_politely(self) -> Mapping[str, Any]:
        """Ask for the end and wait for it, so that restic may remove its lock; what is said meanwhile is dropped."""
        last = time.monotonic() + self._patience
        with suppress(TransportError):
            self._errand.send(b"t")
            while (frame := self._errand.next(last)) is not None:
                if frame[0] == b"x":
                    return dict(json.loads(frame[1]))
        return {"code": -9}


def _feed(errand: Errand, data: bytes) -> None:
    with suppress(TransportError):
        for start in range(0, len(data), _PIECE_BYTES):
            errand.send(b"i", data[start : start + _PIECE_BYTES])
        errand.send(b"c")


def _answer(errand: Errand, wanted: bytes) -> bytes:
    end = time.monotonic() + _ANSWER_SECONDS
    while (frame := errand.next(end)) is not None:
        if frame[0] == wanted:
            return frame[1]
    raise errand.lost("")


def _read(data: bytes, target: Target) -> Mapping[str, Any]:
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError) as error:
        what = message("{host}: its answer can't be read", host=target.name)
        raise ProgramFailed(what, where=place(target), why=str(error)) from error


def _program(arguments: Sequence[str | Handed]) -> str:
    return str(arguments[0])


def _only_its_collector(target: Target) -> PrivilegeRefused:
    return PrivilegeRefused(
        message("{host}: {user} may run the pinned collector only", host=target.name, user=target.user),
        where=place(target),
        advice=message("give the host an account for backups in the inventory: sec_ops_backup"),
    )


_PIECE_BYTES = 65536
