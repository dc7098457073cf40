"""One visit to one host: connect, sign in, begin, send the script, take what it says, within one deadline."""

import threading
from dataclasses import dataclass
from enum import Enum

import paramiko

from sec_ops.model.errors import DeadlineExceeded, OutputExceeded, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock, Randomness
from sec_ops.runtime.secrets import redact
from sec_ops.transport._connection import shake_hands, sign_in, verified_host_key
from sec_ops.transport._conversation import Conversation
from sec_ops.transport._failures import SHOWN_CHARACTERS, lost, place, translated
from sec_ops.transport._jumps import JumpHosts
from sec_ops.transport._privilege import await_start, opening, sudo_refused
from sec_ops.transport._wire import Wire
from sec_ops.transport.clock_offset import clock_offset_ms
from sec_ops.transport.credentials import Credentials
from sec_ops.transport.values import Privilege, Reply, Target

__all__ = ["Limits", "Visit"]

# What a host may send besides its output: the protocol's own packets and what its programs complain of.
_WIRE_BYTES = 16 * 1024 * 1024
_WIRE_FACTOR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of every visit: seconds to connect, bytes of output kept."""

    connect_seconds: float
    output_bytes: int


class _Ending(Enum):
    EXPIRED = "its deadline passed"
    CANCELLED = "nobody waits for it any more"


class Visit:
    """A visit; `run` makes it in the calling thread, `expire_at` and `cancel` end it from another."""

    def __init__(
        self,
        target: Target,
        script: bytes,
        credentials: Credentials,
        limits: Limits,
        clock: Clock,
        randomness: Randomness,
        jumps: JumpHosts,
    ) -> None:
        self._target = target
        self._script = script
        self._credentials = credentials
        self._limits = limits
        self._clock = clock
        self._randomness = randomness
        self._jumps = jumps
        self._wire_bytes = _WIRE_BYTES + _WIRE_FACTOR * limits.output_bytes
        self._wire = Wire(self._wire_bytes)
        self._ending: _Ending | None = None
        self._ended = threading.Event()
        self._started_ms: int | None = None
        self._talk: Conversation | None = None
        self._begun = False
        self._offset_ms: int | None = None
        self._exit_code: int | None = None
        self._host_key = ""

    def run(self) -> Reply:
        """Make the visit and return its reply; never raises for what a host does."""
        self._started_ms = self._clock.monotonic_ms()
        error = self._error()
        output = bytes(self._talk.output[: self._limits.output_bytes]) if self._talk and self._begun else b""
        return Reply(
            target=self._target,
            output=output,
            error=error,
            elapsed_ms=self._elapsed_ms(),
            clock_offset_ms=self._offset_ms,
            privilege=self._target.privilege,
            exit_code=self._exit_code,
            host_key=self._host_key,
        )

    def expire(self) -> None:
        """End the visit when its deadline has passed."""
        if self._started_ms is not None and self._elapsed_ms() > self._target.deadline_seconds * 1000:
            self._end(_Ending.EXPIRED)

    def cancel(self) -> None:
        """End the visit."""
        self._end(_Ending.CANCELLED)

    def _end(self, ending: _Ending) -> None:
        self._ending = self._ending or ending
        self._ended.set()
        self._wire.end()

    def _elapsed_ms(self) -> int:
        return self._clock.monotonic_ms() - (self._started_ms or 0)

    def _error(self) -> TransportError | None:
        """Make the visit; return how it failed. A peer's bytes can make the SSH library raise anything."""
        error: TransportError | None = None
        try:
            self._connect_and_talk()
        except TransportError as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 - see above; the next hosts must not suffer
            error = translated(failed, self._target, self._credentials, self._said())
        finally:
            self._wire.close()
        if error and self._ending is _Ending.EXPIRED:
            return self._expired()
        return self._exceeded() if error and self._wire.overrun else error

    def _connect_and_talk(self) -> None:
        target, known_hosts = self._target, self._credentials.known_hosts
        seconds = min(self._limits.connect_seconds, target.deadline_seconds)
        if target.jump is None:
            self._wire.connect(target, seconds)
        else:
            self._wire.use(self._jumps.way(target, self._credentials, seconds, self._wire_bytes, self._ended))
        transport = shake_hands(self._wire, target, known_hosts)
        try:
            self._host_key = verified_host_key(transport, target, known_hosts)
            sign_in(transport, target, self._credentials)
            self._run_script(transport.open_session())
        finally:
            transport.close()

    def _run_script(self, channel: paramiko.Channel) -> None:
        """Begin, send the script once its shell has announced itself, take all it says."""
        password = self._credentials.sudo_password
        begin = opening(self._target, password, self._randomness)
        self._talk = talk = Conversation(channel)
        channel.exec_command(begin.command)
        await_start(talk, begin, self._target, password)
        self._begun = True
        if self._target.privilege is not Privilege.PINNED:
            talk.send(self._script)
        talk.end_input()
        self._listen(talk)

    def _listen(self, talk: Conversation) -> None:
        self._note_time(talk)
        while talk.wait():
            self._note_time(talk)
            if len(talk.output) > self._limits.output_bytes:
                raise self._exceeded()
        self._note_time(talk)
        if len(talk.output) > self._limits.output_bytes:
            raise self._exceeded()
        self._exit_code = talk.exit_code()
        if self._exit_code is None:
            raise lost(self._target, self._credentials, self._said())
        if self._target.privilege is Privilege.PINNED and self._exit_code and not talk.output:
            raise sudo_refused(talk, self._target, self._credentials.secrets)

    def _note_time(self, talk: Conversation) -> None:
        if self._offset_ms is None and talk.output:
            self._offset_ms = clock_offset_ms(talk.output, self._clock.now())

    def _said(self) -> str:
        return self._talk.messages.decode(errors="replace").strip() if self._talk else ""

    def _expired(self) -> DeadlineExceeded:
        seconds = self._target.deadline_seconds
        return DeadlineExceeded(
            message("{host}: not done within its {seconds} s", host=self._target.name, seconds=f"{seconds:g}"),
            where=place(self._target),
            why=redact(self._said(), self._credentials.secrets)[-SHOWN_CHARACTERS:],
            advice=message("see why the host is slow, or give it a longer deadline"),
        )

    def _exceeded(self) -> OutputExceeded:
        bound = self._limits.output_bytes
        what = message("{host}: it sent more than {bound} bytes", host=self._target.name, bound=bound)
        return OutputExceeded(what, where=place(self._target))
