"""One call of restic: probe the target, run within the deadline, hear everything, judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sec_ops.backup.restic.access import Access, AccessTo, straight
from sec_ops.backup.restic.events import Event, ExitError, ItemError, Said, read_event
from sec_ops.backup.restic.judging import Heard, Verb, hopeless, judge
from sec_ops.backup.restic.location import Kind
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.program import Program
from sec_ops.backup.restic.target import asked_ssh, target_of
from sec_ops.backup.verdict import Judged, Verdict, judged_link
from sec_ops.model.errors import TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, RunProgram
from sec_ops.runtime.secrets import Secret, redact
from sec_ops.transport.reach import Server
from sec_ops.transport.streaming import Bytes, Handed, Kept, Lines, StreamProgram, handed_secrets

__all__ = ["QUICK_SECONDS", "Call", "Doors", "Reach", "Spoken", "call"]

QUICK_SECONDS = 180.0
"""Deadline of calls that move little: keys, snapshots, locks."""

PROBE_SECONDS = 4.0
_GRACE_SECONDS = 10.0
_NO_SESSION = "unable to start the sftp session"
_SSH_SAYS = "subprocess ssh:"
_KEPT_ERRORS = 1000
_KEPT_LINES = 200
_DOCUMENT_BYTES = 512 * 1024 * 1024


class Reach(Protocol):
    """Return when a server speaks; raises a TransportError."""

    def __call__(self, server: Server, *, seconds: float) -> None:
        """Ask within so many seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """All that a call needs of the world; `cache` is a folder restic may lose, where restic runs.

    `reach` and `run_program` are this machine's: it is the one that comes to the repository's server.
    """

    stream: StreamProgram
    run_program: RunProgram
    reach: Reach
    clock: Clock
    program: Program
    cache: Path
    access: AccessTo = straight


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What restic is asked: `arguments` after the verb; each event goes to `on_event`, or raw bytes to `on_bytes`.

    `launcher` are the words restic is started by.
    """

    verb: Verb
    arguments: Sequence[str | Handed] = ()
    options: Sequence[str] = ()
    launcher: Sequence[str] = ()
    deadline_seconds: float = QUICK_SECONDS
    others: Sequence[OpenRepository] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    on_event: Callable[[Event], None] | None = None
    on_bytes: Callable[[bytes], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a call left: its verdict, what it told of itself, its document on stdout where it is one."""

    judged: Judged
    document: bytes = b""
    exit_code: int | None = None
    elapsed_ms: int = 0
    said: tuple[str, ...] = ()


def call(repository: OpenRepository, doors: Doors, asked: Call) -> Spoken:
    """Return what restic said. A dead server is told within five seconds; every other fault by the deadline.

    Raises ProgramMissing and ProgramFailed when restic can't be started, ContentInvalid when the credentials of two
    repositories exclude each other, and what the call's own consumers raise.
    """
    for each in (repository, *asked.others):
        silent = _probe(each, doors)
        if silent:
            return Spoken(judged=silent)
    ears = _Ears(asked)
    try:
        access = doors.access((repository, *asked.others))
        ended = doors.stream(
            _arguments(repository, doors, asked, access),
            stdout=ears.stdout,
            stderr=ears.stderr,
            deadline_seconds=asked.deadline_seconds,
            environment={**access.environment, "RESTIC_PROGRESS_FPS": "1", **asked.environment},
            grace_seconds=_GRACE_SECONDS,
        )
    except _GivenUp:
        return Spoken(judged=_redacted(ears.judged(repository, exit_code=1), _secrets(repository, asked)))
    except TransportError as error:
        return Spoken(judged=judged_link(error, repository.id))
    ears.said += _unheard(ears, (repository, *asked.others), doors)
    judged = ears.judged(repository, exit_code=ended.exit_code, expired=ended.expired)
    return Spoken(
        judged=_redacted(judged, _secrets(repository, asked)),
        document=bytes(ears.document),
        exit_code=ended.exit_code,
        elapsed_ms=ended.elapsed_ms,
        said=tuple(ears.said),
    )


def _probe(repository: OpenRepository, doors: Doors) -> Judged | None:
    """Return why the repository's server does not answer, None when it does or there is none to ask."""
    try:
        server = target_of(repository, doors.run_program)
        if server:
            doors.reach(server, seconds=PROBE_SECONDS)
    except TransportError as error:
        what = message("{repository}: {reason}", repository=repository.id, reason=error.what)
        return Judged(verdict=Verdict.UNREACHABLE, what=what, why=error.why, advice=error.advice)
    return None


def _unheard(ears: "_Ears", repositories: Sequence[OpenRepository], doors: Doors) -> list[str]:
    """Return why ssh let restic's session end, when restic ended before it told."""
    if not ears.mute_session:
        return []
    reached = (each for each in repositories if each.location.kind is Kind.SFTP)
    return [line for each in reached for line in asked_ssh(each, doors.run_program)]


def _arguments(repository: OpenRepository, doors: Doors, asked: Call, access: Access) -> list[str | Handed]:
    words: list[str | Handed] = [*asked.launcher, doors.program.path, asked.verb.value, "--json", *access.words]
    words += ["--password-file", Handed(repository.password), "--cache-dir", str(doors.cache)]
    return [*words, *asked.options, *asked.arguments]


def _secrets(repository: OpenRepository, asked: Call) -> list[Secret]:
    others = (secret for each in asked.others for secret in each.secrets)
    return [*repository.secrets, *others, *handed_secrets(asked.arguments)]


def _redacted(judged: Judged, secrets: Sequence[Secret]) -> Judged:
    return replace(judged, why=redact(judged.why, secrets))


class _GivenUp(Exception):
    """Restic retries what no retry mends."""


class _Ears:
    """Hears stdout and stderr: counts, keeps a bounded part, hands events on."""

    def __init__(self, asked: Call) -> None:
        self._asked = asked
        self._exit_error = ""
        self._errors: list[ItemError] = []
        self.document = bytearray()
        self.said: list[str] = []
        self.stdout: Kept = self._output()
        self.stderr: Kept = Lines(self._error_line)

    def _output(self) -> Kept:
        if self._asked.on_bytes:
            return Bytes(self._asked.on_bytes)
        return Lines(self._line) if self._asked.on_event else Bytes(self._collect)

    @property
    def mute_session(self) -> bool:
        """Return whether a session over ssh did not start and no word of ssh says why."""
        return _NO_SESSION in self._exit_error and not any(line.startswith(_SSH_SAYS) for line in self.said)

    def judged(self, repository: OpenRepository, *, exit_code: int, expired: bool = False) -> Judged:
        """Return the verdict on all that was heard."""
        heard = Heard(
            verb=self._asked.verb,
            repository=repository.id,
            exit_code=exit_code,
            expired=expired,
            exit_error=self._exit_error,
            errors=self._errors,
            said=self.said,
        )
        return judge(heard)

    def _collect(self, data: bytes) -> None:
        if len(self.document) < _DOCUMENT_BYTES:
            self.document += data

    def _line(self, line: bytes) -> None:
        event = read_event(line)
        if isinstance(event, ItemError | ExitError):
            self._fault(event)
        elif self._asked.on_event:
            self._asked.on_event(event)

    def _error_line(self, line: bytes) -> None:
        event = read_event(line)
        if isinstance(event, ItemError | ExitError):
            self._fault(event)
        elif isinstance(event, Said) and event.text.strip():
            self._said(event.text)

    def _fault(self, event: ItemError | ExitError) -> None:
        if isinstance(event, ExitError):
            self._exit_error = event.text
        elif len(self._errors) < _KEPT_ERRORS:
            self._errors.append(event)
        if self._asked.on_event:
            self._asked.on_event(event)

    def _said(self, text: str) -> None:
        if len(self.said) >= _KEPT_LINES:
            del self.said[_KEPT_LINES // 2]
        self.said.append(text)
        if hopeless(text):
            raise _GivenUp
