"""Secrets by reference only: `{file: …}`, `{env: …}`, `{command: …}` or `{systemd_credential: …}`.

A secret that was read is a `Secret`: printing, formatting or logging it shows asterisks, only `get_secret_value()`
gives it away. Never in arguments, logs, runs or reports.
"""

import os
import shlex
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr as Secret

from sec_ops.model.errors import ContentInvalid, EngineError, Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import RunProgram

__all__ = ["KINDS", "Secret", "Secrets", "private_file", "redact"]

KINDS = ("file", "env", "command", "systemd_credential")
REDACTED = "[redacted]"

_BOUND_BYTES = 65536
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SHORTEST_REDACTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """A `SecretReader`; commands run through the process door, which is handed in."""

    run_program: RunProgram
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    deadline_seconds: float = 30

    def __call__(self, reference: Mapping[str, str]) -> Secret:
        """Return the secret a reference names, without the line end that closes it.

        Raises ContentInvalid when the reference is not one of the four kinds, when there is nothing, or when a file
        may be read by group or others.
        """
        kind, name = _split(reference)
        readers: dict[str, Callable[[str], bytes]] = {
            "file": self._from_file,
            "env": self._from_environment,
            "command": self._from_command,
            "systemd_credential": self._from_credential,
        }
        return _secret(readers[kind](name), kind, name)

    def _from_file(self, name: str) -> bytes:
        return private_file(Path(name).expanduser(), bound=_BOUND_BYTES)

    def _from_environment(self, name: str) -> bytes:
        value = self.environment.get(name)
        if value is None:
            raise _invalid("env", name, message("the environment variable is not set"))
        return value.encode(errors="surrogateescape")

    def _from_command(self, name: str) -> bytes:
        try:
            completed = self.run_program(shlex.split(name), deadline_seconds=self.deadline_seconds)
        except EngineError as error:
            raise _invalid("command", name, error.what) from error
        except ValueError as error:
            raise _invalid("command", name, message("the command's quotes are not closed")) from error
        if completed.exit_code != 0:
            raise _invalid("command", name, message("the command ended with {code}", code=completed.exit_code))
        return completed.stdout

    def _from_credential(self, name: str) -> bytes:
        folder = self.environment.get("CREDENTIALS_DIRECTORY")
        if not folder:
            raise _invalid("systemd_credential", name, message("systemd gave this process no credentials"))
        if Path(name).name != name:
            raise _invalid("systemd_credential", name, message("a credential's name has no slash"))
        # systemd guards the folder itself and grants its user by an access list, which shows as a group's right.
        return _read(Path(folder) / name, stat.S_IRWXO, _BOUND_BYTES)


def private_file(path: Path, *, bound: int) -> bytes:
    """Return the first `bound` bytes of a file that only its owner, root or this user, may read.

    Raises ContentInvalid when it is missing, is not a regular file, belongs to somebody else or is open to others.
    """
    return _read(path, _OPEN_TO_OTHERS, bound)


def redact(text: str, secrets: Collection[Secret]) -> str:
    """Return `text` without any of the secrets, each also in the spelling of `repr` and of a shell.

    Secrets under three characters stay: replacing them would tell them by the gaps.
    """
    spellings = {each for secret in secrets for each in _spellings(secret.get_secret_value())}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, REDACTED)
    return text


def _spellings(value: str) -> set[str]:
    if len(value) < _SHORTEST_REDACTED:
        return set()
    return {value, shlex.quote(value), repr(value)[1:-1]}


def _split(reference: Mapping[str, str]) -> tuple[str, str]:
    kinds = ", ".join(KINDS)
    if len(reference) != 1:
        raise _invalid("", "", message("a secret is named by exactly one of {kinds}", kinds=kinds))
    (kind, name), *_ = reference.items()
    if kind not in KINDS:
        raise _invalid(kind, name, message("{kind} is no kind of secret; use one of {kinds}", kind=kind, kinds=kinds))
    if not name.strip():
        raise _invalid(kind, name, message("the reference is empty"))
    return kind, name


def _read(path: Path, forbidden: int, bound: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _invalid("file", str(path), message("can't be read: {reason}", reason=error.strerror)) from error
    try:
        _check(path, os.fstat(descriptor), forbidden)
        return os.read(descriptor, bound)
    finally:
        os.close(descriptor)


def _check(path: Path, status: os.stat_result, forbidden: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _invalid("file", str(path), message("is not a regular file"))
    if status.st_uid not in (0, os.geteuid()):
        raise _invalid("file", str(path), message("belongs to another user"))
    if status.st_mode & forbidden:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        advice = message("chmod 600 {path}", path=path)
        raise _invalid("file", str(path), message("others may read it (mode {mode})", mode=mode), advice)


def _secret(value: bytes, kind: str, name: str) -> Secret:
    try:
        text = value.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise _invalid(kind, name, message("the secret is not UTF-8 text")) from None
    if not text:
        raise _invalid(kind, name, message("the secret is empty"))
    return Secret(text)


def _invalid(kind: str, name: str, what: Message, advice: Message | None = None) -> ContentInvalid:
    place = name if kind == "file" else f"{kind}: {name}"
    return ContentInvalid([Fault(file=place, line=0, path="", message=what, advice=advice)], what=what, advice=advice)
