"""What we sign in with: keys and passwords, read once for a whole fleet before the first connection."""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import paramiko
from paramiko.pkey import UnknownKeyType

from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message
from sec_ops.model.protocols import SecretReader
from sec_ops.runtime.secrets import Secret, private_file, redact
from sec_ops.transport.known_hosts import KnownHosts, read_known_hosts
from sec_ops.transport.values import SecretReference, Target

__all__ = ["Credentials", "read_credentials"]

_KEY_BYTES = 65536
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]+")
_Kept = TypeVar("_Kept")
_Name = TypeVar("_Name", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One target's way in: key and password as far as it has them, its known hosts, its password for sudo.

    `jump` is the way into the host that leads to it.
    """

    known_hosts: KnownHosts
    key: paramiko.PKey | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    jump: "Credentials | None" = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return the passwords no text may show."""
        return tuple(secret for secret in (self.password, self.sudo_password) if secret)


def read_credentials(targets: Sequence[Target], read_secret: SecretReader) -> list[Credentials]:
    """Return the credentials of each target, in the targets' order.

    Raises ContentInvalid with the faults of all targets at once: keys, secrets and known_hosts that can't be read.
    """
    store = _Store(read_secret)
    credentials = [store.credentials(target) for target in targets]
    if store.faults:
        raise ContentInvalid(store.faults)
    return credentials


class _Store:
    """Reads each file and each secret once, and gathers the faults of all."""

    def __init__(self, read_secret: SecretReader) -> None:
        self.faults: list[Fault] = []
        self._read_secret = read_secret
        self._known_hosts: dict[Path, KnownHosts | None] = {}
        self._keys: dict[Path, paramiko.PKey | None] = {}
        self._secrets: dict[Hashable, Secret | None] = {}

    def credentials(self, target: Target) -> Credentials:
        """Return what a target needs; what can't be read is a fault and missing."""
        return Credentials(
            known_hosts=self._known(target.known_hosts) or _NOTHING_KNOWN,
            key=self._key(target),
            password=self._secret(target.password),
            sudo_password=self._one_line(target.sudo_password),
            jump=self.credentials(target.jump) if target.jump else None,
        )

    def _known(self, path: Path) -> KnownHosts | None:
        return self._once(self._known_hosts, path, lambda: read_known_hosts(path))

    def _key(self, target: Target) -> paramiko.PKey | None:
        path = target.identity_file
        if path is None:
            return None
        passphrase = self._secret(target.identity_passphrase)
        return self._once(self._keys, path, lambda: _read_key(path, passphrase))

    def _secret(self, reference: SecretReference | None) -> Secret | None:
        if reference is None:
            return None
        return self._once(self._secrets, tuple(sorted(reference.items())), lambda: self._read_secret(reference))

    def _one_line(self, reference: SecretReference | None) -> Secret | None:
        """Refuse a password of several lines: sudo would take the first, and the root shell the others as commands."""
        secret = self._secret(reference)
        if secret is not None and not _ONE_LINE.fullmatch(secret.get_secret_value()):
            what = message("a password for sudo is one line without control characters")
            self.faults.append(Fault(file=" ".join((reference or {}).values()), line=0, path="", message=what))
        return secret

    def _once(self, kept: dict[_Name, _Kept | None], name: _Name, read: Callable[[], _Kept]) -> _Kept | None:
        if name not in kept:
            try:
                kept[name] = read()
            except ContentInvalid as error:
                self.faults.extend(error.faults)
                kept[name] = None
        return kept[name]


def _read_key(path: Path, passphrase: Secret | None) -> paramiko.PKey:
    private_file(path, bound=_KEY_BYTES)
    password = passphrase.get_secret_value() if passphrase else None
    try:
        return paramiko.PKey.from_path(path, password.encode() if password else None)  # type: ignore[arg-type]
    except (ValueError, TypeError, paramiko.SSHException, UnknownKeyType, OSError) as error:
        raise _bad_key(path, passphrase, error) from error


def _bad_key(path: Path, passphrase: Secret | None, error: Exception) -> ContentInvalid:
    reason = redact(str(error), [passphrase] if passphrase else [])
    what = message("is no SSH private key this program can read: {reason}", reason=reason)
    advice = message("give its passphrase as identity_passphrase, or make one: ssh-keygen -t ed25519")
    return ContentInvalid([Fault(file=str(path), line=0, path="", message=what, advice=advice)])


_NOTHING_KNOWN = KnownHosts({}, (), frozenset())
