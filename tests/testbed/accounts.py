"""The bed's people: a layer with their accounts, keys and passwords, made anew for each bed."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.commands import run

__all__ = ["Account", "make_accounts", "make_key_pair", "write_account_layer"]

_PRIMARY_GROUP = 100
_NAMES = ("officer", "operator", "guest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person on every host of the bed; key login works for all, ``password`` is drawn for this bed."""

    name: str
    number: int
    password: str

    @property
    def home(self) -> str:
        """The home directory on the host."""
        return f"/home/{self.name}"


def make_accounts() -> tuple[Account, ...]:
    """officer (sudo with password), operator (sudo without), guest (no sudo), with fresh passwords."""
    # Letters of every class: a password that pam_pwquality would take, too.
    return tuple(
        Account(name=name, number=number, password=f"Tb-{secrets.token_hex(8)}-Zq7")
        for number, name in enumerate(_NAMES, start=1001)
    )


def make_key_pair(path: Path, comment: str) -> None:
    """Write an Ed25519 key to ``path`` and its public half to ``path``.pub."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def write_account_layer(layer: Path, root: Path, accounts: tuple[Account, ...], public_key: str) -> None:
    """Write the overlay layer with ``accounts`` over ``root``, open to ``public_key`` for them and for root."""
    etc = _folder(layer / "etc", 0, 0o755)
    _append(etc / "passwd", root, [f"{a.name}:x:{a.number}:{_PRIMARY_GROUP}::{a.home}:/bin/bash" for a in accounts])
    _append(etc / "shadow", root, [f"{a.name}:{_password_hash(a.password)}:20000:0:99999:7:::" for a in accounts])
    _join_group(etc / "group", root, group="sudo", member="officer")
    sudoers = _folder(etc / "sudoers.d", 0, 0o750)
    _write(sudoers / "operator", "operator ALL=(ALL:ALL) NOPASSWD: ALL\n", 0, 0o440)
    _authorize(_folder(layer / "root", 0, 0o700), 0, public_key)
    homes = _folder(layer / "home", 0, 0o755)
    for account in accounts:
        _authorize(_folder(homes / account.name, account.number, 0o700), account.number, public_key)


def _append(path: Path, root: Path, lines: list[str]) -> None:
    original = root / "etc" / path.name
    status = original.stat()
    path.write_text(original.read_text() + "".join(f"{line}\n" for line in lines))
    os.chown(path, status.st_uid, status.st_gid)
    path.chmod(status.st_mode & 0o7777)


def _join_group(path: Path, root: Path, *, group: str, member: str) -> None:
    _append(path, root, [])
    lines = path.read_text().splitlines()
    joined = [line + (f",{member}" if line[-1] != ":" else member) for line in lines if line.startswith(f"{group}:")]
    others = [line for line in lines if not line.startswith(f"{group}:")]
    path.write_text("\n".join(others + joined) + "\n")


def _authorize(home: Path, owner: int, public_key: str) -> None:
    folder = _folder(home / ".ssh", owner, 0o700)
    _write(folder / "authorized_keys", public_key, owner, 0o600)


def _folder(path: Path, owner: int, mode: int) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, owner, _PRIMARY_GROUP if owner else 0)
    path.chmod(mode)
    return path


def _write(path: Path, text: str, owner: int, mode: int) -> None:
    path.write_text(text)
    os.chown(path, owner, _PRIMARY_GROUP if owner else 0)
    path.chmod(mode)


def _password_hash(password: str) -> str:
    return run(["openssl", "passwd", "-6", "-stdin"], data=password.encode()).stdout.decode().strip()
