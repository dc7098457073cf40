"""The ways to run with rights, and the talk with sudo before the script may be sent.

Every way begins with a random marker line on stdout: what a login shell, sudo's lecture or a message of the day
printed before it is no part of the script's output. With a password, sudo is told to ignore a ticket it may hold
(`-k`), so that its answer is always about this password; the ticket itself stays as it was.
"""

import shlex
from collections.abc import Collection
from dataclasses import dataclass

from sec_ops.model.errors import PrivilegeRefused, ProtocolFailed, TransportError
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Randomness
from sec_ops.runtime.secrets import Secret, redact
from sec_ops.transport._conversation import Conversation
from sec_ops.transport.values import PINNED_COLLECTOR, Privilege, Target

__all__ = ["Opening", "await_start", "opening", "sudo_refused"]

_UNANSWERED_BYTES = 65536
_SHOWN_CHARACTERS = 1000
_SUDO = "exec env LC_ALL=C sudo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The command that is executed, the line that says the script's output begins, the prompt sudo is to show."""

    command: str
    marker: bytes
    prompt: bytes


def opening(target: Target, sudo_password: Secret | None, randomness: Randomness) -> Opening:
    """Return how to begin on a target; marker and prompt are new each time."""
    token = randomness(16).hex()
    marker, prompt = f"sec-ops-begin-{token}", f"sec-ops-password-{token}:"
    return Opening(
        command=_command(target.privilege, marker, prompt if sudo_password else None),
        marker=marker.encode() + b"\n",
        prompt=prompt.encode(),
    )


def await_start(talk: Conversation, begin: Opening, target: Target, sudo_password: Secret | None) -> None:
    """Return once the marker came, answering sudo's first prompt; `talk.output` then begins after the marker.

    Raises PrivilegeRefused when sudo asks again or ends, ProtocolFailed when the login shell did not run the command.
    """
    answered = False
    while not _cut_before_script(talk, begin.marker):
        prompts = talk.messages.count(begin.prompt)
        if prompts > 1:
            raise _wrong_password(target)
        if prompts and not answered and sudo_password:
            talk.send(sudo_password.get_secret_value().encode() + b"\n")
            answered = True
        if len(talk.output) > _UNANSWERED_BYTES or not talk.wait():
            if _cut_before_script(talk, begin.marker):
                return
            raise _no_start(talk, begin, target, [sudo_password] if sudo_password else [])


def sudo_refused(talk: Conversation, target: Target, secrets: Collection[Secret]) -> PrivilegeRefused:
    """Return the error that repeats sudo's own words and says what would help."""
    said = redact(talk.messages.decode(errors="replace").strip(), secrets)[-_SHOWN_CHARACTERS:]
    return PrivilegeRefused(
        message("{host}: sudo does not let {user} run the collector as root", host=target.name, user=target.user),
        where=f"{target.user}@{target.address}",
        why=said,
        advice=_advice(said, target),
    )


def _command(privilege: Privilege, marker: str, prompt: str | None) -> str:
    if privilege in (Privilege.USER, Privilege.ROOT):
        return f"echo {marker}; exec /bin/sh -s"
    if privilege is Privilege.PINNED:
        return f"echo {marker}; {_SUDO} -n {PINNED_COLLECTOR}"
    asking = f"-k -S -p {prompt}" if prompt else "-k -n"
    return f"{_SUDO} {asking} /bin/sh -c {shlex.quote(f'echo {marker}; exec /bin/sh -s')}"


def _cut_before_script(talk: Conversation, marker: bytes) -> bool:
    before, found, _ = talk.output.partition(marker)
    if found:
        del talk.output[: len(before) + len(marker)]
    return bool(found)


def _no_start(talk: Conversation, begin: Opening, target: Target, secrets: Collection[Secret]) -> TransportError:
    if target.privilege is Privilege.STREAMED:
        if talk.messages.count(begin.prompt) > 0 and b"incorrect password" in talk.messages:
            return _wrong_password(target)
        talk.messages = talk.messages.rpartition(begin.prompt)[2]
        return sudo_refused(talk, target, secrets)
    said = (talk.messages or talk.output).decode(errors="replace").strip()
    return ProtocolFailed(
        message("{host}: the login shell of {user} did not run the command", host=target.name, user=target.user),
        where=f"{target.user}@{target.address}",
        why=said[-_SHOWN_CHARACTERS:],
        advice=message("give the account a login shell such as /bin/sh, without a forced command"),
    )


def _wrong_password(target: Target) -> PrivilegeRefused:
    return PrivilegeRefused(
        message("{host}: sudo did not take the password of {user}", host=target.name, user=target.user),
        where=f"{target.user}@{target.address}",
        advice=message(
            "correct the secret that sudo_password names; it was sent once, so nothing is locked by us alone"
        ),
    )


def _advice(said: str, target: Target) -> Message:
    if target.privilege is Privilege.PINNED:
        return message(
            "install this release's collector, root-owned, at {path} and allow it by its digest in sudoers: "
            "sec-ops audit collector",
            path=PINNED_COLLECTOR,
        )
    if "must have a tty" in said or "no tty present" in said:
        return message("sudoers asks for a terminal: add 'Defaults:{user} !requiretty'", user=target.user)
    if target.sudo_password is None:
        return message("give sudo_password a secret reference, or allow {user} without password", user=target.user)
    return message("allow {user} in sudoers, or use a pinned collector", user=target.user)
