"""Errands as the controller sees them: one channel of a connection, one program on the host, frames both ways."""

import json
import shlex
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import paramiko

from sec_ops.model.errors import DeadlineExceeded, PrivilegeRefused, ProgramFailed, ProgramMissing, TransportError
from sec_ops.model.messages import message
from sec_ops.model.protocols import Randomness
from sec_ops.transport._conversation import Conversation, close_channel
from sec_ops.transport._failures import lost, place
from sec_ops.transport._privilege import await_start, opening
from sec_ops.transport.credentials import Credentials
from sec_ops.transport.streaming import Handed
from sec_ops.transport.values import Target

__all__ = ["Errand", "Peer", "begun", "order_to_run", "raise_unstarted"]

SILENCE_SECONDS = 60.0
"""So long a host goes on without a sign of life from us."""

START_SECONDS = 30.0
_ROOM_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_HEAD = struct.Struct(">cI")
_READY, _NO_PYTHON = b"sec-ops-ready\n", b"sec-ops-no-python\n"
_FRAME_BYTES = 256 * 1024 * 1024
_LAUNCH = (
    "for python in {pythons}; do"
    ' if "$python" -I -c "import sys; sys.exit(sys.version_info < (3, 8))" </dev/null 2>/dev/null;'
    ' then exec "$python" -I -X utf8 -c {boot}; fi; done; echo sec-ops-no-python\n'
)
_BOOT = """import json, os, sys, types
os.write(1, b"sec-ops-ready\\n")
text = b""
while len(text) < {length}:
    more = os.read(0, {length} - len(text))
    if not more: raise SystemExit(1)
    text += more
for name, source in json.loads(text):
    sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), sys.modules[name].__dict__)
sys.modules[name].main()"""
_PACKAGE = "sec_ops.transport.errand"
_PARTS = ("frames", "starting", "work", "main")
_PYTHONS = (
    "python3",
    "/usr/bin/python3",
    "/usr/local/bin/python3",
    *(f"python3.{minor}" for minor in range(13, 7, -1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The host an errand goes to.

    `took` hears how many bytes were moved, so that the wire may carry more; `cut` ends a connection that is dead.
    """

    target: Target
    credentials: Credentials
    randomness: Randomness
    took: Callable[[int], None]
    cut: Callable[[], None]
    silence_seconds: float = SILENCE_SECONDS
    python: str = ""


class Errand:
    """One program under way. `next` gives its frames; every other method may be called from any thread."""

    def __init__(self, channel: paramiko.Channel, talk: Conversation, peer: Peer) -> None:
        self._channel = channel
        self._talk = talk
        self._peer = peer
        self._sending = threading.Lock()

    def send(self, kind: bytes, data: bytes = b"") -> None:
        """Send a frame; raises ConnectionLost."""
        try:
            with self._sending:
                self._talk.send(_HEAD.pack(kind, len(data)) + data)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self.lost(str(error)) from error
        self._peer.took(len(data))

    def ping(self) -> None:
        """Give a sign of life, unless data is being sent anyway."""
        if self._channel.send_ready() and self._sending.acquire(blocking=False):
            try:
                self._talk.send(_HEAD.pack(b"p", 0))
            except (OSError, EOFError, paramiko.SSHException):
                return
            finally:
                self._sending.release()

    def next(self, end: float) -> tuple[bytes, bytes] | None:
        """Return the next frame, None when none came until `end` (monotonic seconds); raises ConnectionLost.

        A host that gives no sign of life for too long is lost too, whatever its network says.
        """
        heard = time.monotonic()
        while True:
            frame = self._whole()
            if frame is not None and frame[0] != b"p":
                return frame
            now = time.monotonic()
            if now >= end:
                return None
            if frame is None and self._wait(min(end, heard + self._peer.silence_seconds) - now):
                heard = now
            elif frame is None and now - heard >= self._peer.silence_seconds:
                self._peer.cut()
                raise self.lost("no sign of life")

    def close(self) -> None:
        """End the program, if it still runs: the host sees its input closed."""
        close_channel(self._channel)

    def lost(self, why: str) -> TransportError:
        """Return the error for a connection that ended, with what the host complained of."""
        said = self._talk.messages.decode(errors="replace").strip()
        return lost(self._peer.target, self._peer.credentials, said, why)

    def _wait(self, seconds: float) -> bool:
        """Return whether more came within that time; raises ConnectionLost at the end of all."""
        before = len(self._talk.output)
        more = self._talk.wait(max(seconds, 0))
        came = len(self._talk.output) - before
        self._peer.took(came)
        if not more and not came:
            raise self.lost("")
        return came > 0

    def _whole(self) -> tuple[bytes, bytes] | None:
        output = self._talk.output
        if len(output) < _HEAD.size:
            return None
        kind, length = _HEAD.unpack_from(output)
        if length > _FRAME_BYTES:
            raise self.lost("")
        if len(output) < _HEAD.size + length:
            return None
        data = bytes(output[_HEAD.size : _HEAD.size + length])
        del output[: _HEAD.size + length]
        return kind, data


def begun(transport: paramiko.Transport, peer: Peer, order: Mapping[str, Any]) -> Errand:
    """Start an errand; raises PrivilegeRefused, ConnectionLost, DeadlineExceeded, ProgramMissing without a Python."""
    channel = _session(transport, peer)
    impatience = _Impatience(channel)
    try:
        talk = _talking(channel, peer)
    except TransportError as error:
        close_channel(channel)
        raise (_too_slow(peer.target) if impatience.over else error) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        close_channel(channel)
        raise lost(peer.target, peer.credentials, "", str(error)) from error
    finally:
        impatience.end()
    errand = Errand(channel, talk, peer)
    errand.send(b"O", json.dumps({"silence": peer.silence_seconds, **order}).encode())
    return errand


def _session(transport: paramiko.Transport, peer: Peer) -> paramiko.Channel:
    """Open a session; the host counts one that has just ended for a moment more."""
    end = time.monotonic() + _ROOM_SECONDS
    while True:
        try:
            return transport.open_session(timeout=START_SECONDS)
        except paramiko.ChannelException as error:
            if time.monotonic() > end:
                raise _no_session(peer.target, str(error)) from error
            time.sleep(_LOOK_SECONDS)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise lost(peer.target, peer.credentials, "", str(error)) from error


def order_to_run(
    arguments: Sequence[str | Handed],
    *,
    environment: Mapping[str, str] | None = None,
    deadline_seconds: float,
    grace_seconds: float,
) -> dict[str, Any]:
    """Return the order to run a program; the host itself ends it a while after the deadline, if we can't."""
    return {
        "do": "run",
        "words": [_word(each) for each in arguments],
        "environment": dict(environment or {}),
        "grace": grace_seconds,
        "deadline": deadline_seconds + grace_seconds + SILENCE_SECONDS,
    }


def raise_unstarted(ended: Mapping[str, Any], program: str, target: Target) -> None:
    """Raise ProgramMissing or ProgramFailed for an errand whose program never ran."""
    if "missing" in ended:
        what = message("{host}: the program {program} is not installed there", host=target.name, program=program)
        advice = message("install it on the host with its package manager, then run the command again")
        raise ProgramMissing(what, where=place(target), advice=advice)
    if "refused" in ended:
        reason = str(ended["refused"])
        what = message("{host}: could not start {program}: {reason}", host=target.name, program=program, reason=reason)
        raise ProgramFailed(what, where=place(target))


def _word(argument: str | Handed) -> str | dict[str, str]:
    if isinstance(argument, str):
        return argument
    return {"secret": argument.secret.get_secret_value(), "prefix": argument.prefix}


def _talking(channel: paramiko.Channel, peer: Peer) -> Conversation:
    """Begin with the rights the target asks for, hand the errand's own text over, and be ready for the order."""
    password = peer.credentials.sudo_password
    begin = opening(peer.target, password, peer.randomness)
    talk = Conversation(channel)
    channel.exec_command(begin.command)
    await_start(talk, begin, peer.target, password)
    text = _text()
    boot = shlex.quote(_BOOT.format(length=len(text)))
    pythons = " ".join(map(shlex.quote, [peer.python] if peer.python else _PYTHONS))
    talk.send(_LAUNCH.format(pythons=pythons, boot=boot).encode())
    _await_python(talk, peer)
    talk.send(text)
    peer.took(len(text))
    return talk


def _text() -> bytes:
    """Return the errand's modules, each after those it needs."""
    folder = resources.files("sec_ops.transport.errand")
    parts = [(f"{_PACKAGE}.{each}", folder.joinpath(f"{each}.py").read_text("utf-8")) for each in _PARTS]
    return json.dumps(parts).encode()


def _await_python(talk: Conversation, peer: Peer) -> None:
    while not talk.output.startswith(_READY):
        if talk.output.startswith(_NO_PYTHON):
            what = message("{host}: there is no Python 3.8 or newer", host=peer.target.name)
            advice = message("install it on the host: apt-get install python3, or dnf install python3")
            raise ProgramMissing(what, where=place(peer.target), advice=advice)
        if not talk.wait():
            said = talk.messages.decode(errors="replace").strip()
            raise lost(peer.target, peer.credentials, said)
    del talk.output[: len(_READY)]


class _Impatience:
    """Closes a channel whose host takes too long to begin."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.over = False
        self._channel = channel
        self._timer = threading.Timer(START_SECONDS, self._close)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Wait no longer."""
        self._timer.cancel()

    def _close(self) -> None:
        self.over = True
        close_channel(self._channel)


def _no_session(target: Target, why: str) -> TransportError:
    what = message("{host}: its sshd opens no further session on this connection", host=target.name)
    advice = message("a backup needs up to six at once: raise MaxSessions in sshd_config")
    return PrivilegeRefused(what, where=place(target), why=why, advice=advice)


def _too_slow(target: Target) -> TransportError:
    what = message("{host}: no answer within {seconds} s", host=target.name, seconds=f"{START_SECONDS:g}")
    advice = message("see why the host is slow, or give it a longer deadline")
    return DeadlineExceeded(what, where=place(target), advice=advice)
