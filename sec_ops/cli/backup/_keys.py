"""Keys of repositories as the command line works with them: the register, the evidence, files of passwords."""

import secrets
import socket
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sec_ops.backup.keys.page import EscrowPage, escrow_page
from sec_ops.backup.keys.passphrase import make_passphrase
from sec_ops.backup.keys.register import KeyRegister, KnownKey, Purpose
from sec_ops.backup.keys.working import MadeKey, add_proved_key, current_key, make_repository, opened_with, retire_key
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import NewKey
from sec_ops.backup.verdict import Judged
from sec_ops.model.backup_plan import Repository
from sec_ops.model.errors import StorageError, UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.files import make_folder, storage_error, write_atomically
from sec_ops.runtime.secrets import Secret, private_file
from sec_ops.runtime.site import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sec_ops.evidence.log import EvidenceLog

__all__ = ["Workplace", "add_escrow_key", "initialise", "new_password_file", "rotate_file", "sealed_change"]

Change = Literal["initialised", "added", "retired", "escrowed", "accepted"]
_PASSWORD_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What a change of keys needs: the repository, its content, the register, the evidence log, who does it."""

    site: Site
    repository: Repository
    restic: Restic
    log: "EvidenceLog"
    person: str = ""

    @property
    def register(self) -> KeyRegister:
        """Return the site's register of keys."""
        return KeyRegister(self.site.var / "backup")


def initialise(place: Workplace, chunker_of: Restic | None) -> Judged:
    """Make the repository, keep its first key in the register, seal it."""
    made = make_repository(place.restic, chunker_of=chunker_of.repository if chunker_of else None)
    if made.judged.good:
        _known(place, made.repository_id, made.key_id, "daily")
        sealed_change(place, "initialised", made.judged, made.repository_id, made.key_id)
    return made.judged


def add_escrow_key(place: Workplace, safe: str, output: Path) -> Judged:
    """Add a key that stands on paper only; its page is in `output`, which is to be printed and removed."""
    password = make_passphrase(secrets.token_bytes)
    made = add_proved_key(place.restic, NewKey(password=password, user="escrow", host=safe))
    if not made.judged.good:
        return made.judged
    identity = place.restic.cat_config().repository_id
    page = EscrowPage(
        repository=place.repository.id,
        repository_id=identity,
        location=place.restic.repository.location.text,
        key_id=made.id,
        safe=safe,
        person=place.person,
        made=utc_text(SystemClock().now()),
        password=password,
    )
    with _removed_when_unwritten(place, made):
        write_atomically(output, escrow_page(page))
    _known(place, identity, made.id, "escrow", safe)
    sealed_change(place, "escrowed", made.judged, identity, made.id, safe)
    return made.judged


def rotate_file(place: Workplace, path: Path) -> Judged:
    """Put a new password in place of the one in `path`; at each point in between one of the two files opens it.

    The new one stands in a neighbour file until it is proved; cut short, the same command goes on from there.
    """
    neighbour = path.with_name(f"{path.name}.new")
    if not neighbour.exists():
        write_atomically(neighbour, make_passphrase(secrets.token_bytes).get_secret_value().encode() + b"\n")
    password = Secret(private_file(neighbour, bound=_PASSWORD_BYTES).decode().strip())
    renewed = opened_with(place.restic, password)
    made, host = current_key(renewed), _rotation_of(neighbour)
    if not made.id:
        made = add_proved_key(place.restic, NewKey(password=password, user="sec-ops", host=host))
    if not made.judged.good:
        return made.judged
    identity = renewed.cat_config().repository_id
    twins = [key.id for key in renewed.keys().keys if (key.user, key.host) == ("sec-ops", host)]
    for key in filter(None, (place.restic.keys().current, *twins, made.id)):
        _known(place, identity, key, "daily")
    sealed_change(place, "added", made.judged, identity, made.id)
    _put_in_place(neighbour, path)
    return _retire_old(replace(place, restic=renewed), made.id)


def sealed_change(
    place: Workplace, change: Change, judged: Judged, identity: str, key: str = "", safe: str = ""
) -> None:
    """Seal what was done to a key."""
    place.log.append(
        "backup.key/1",
        {
            "repository": place.repository.id,
            "repository_id": identity,
            "change": change,
            "verdict": judged.verdict.value,
            "key": key,
            "safe": safe,
            "person": place.person,
        },
    )


def _known(place: Workplace, identity: str, key: str, purpose: Purpose, safe: str = "") -> None:
    recorded = utc_text(SystemClock().now())
    place.register.put(place.repository.id, identity, KnownKey(id=key, purpose=purpose, safe=safe, recorded=recorded))


def _rotation_of(neighbour: Path) -> str:
    """Return a host name that marks the keys of one rotation: one that was killed may have added its own behind us."""
    return f"{socket.gethostname()}/{neighbour.stat().st_mtime_ns:x}"


def _put_in_place(neighbour: Path, path: Path) -> None:
    try:
        neighbour.replace(path)
    except OSError as error:
        raise storage_error(path, error) from error


def _retire_old(place: Workplace, new: str) -> Judged:
    """Remove the daily keys from before; the first that stays decides what is told."""
    known = place.register.read()[place.repository.id]
    daily = [key.id for key in known.keys if key.purpose == "daily"]
    present = {key.id for key in place.restic.keys().keys}
    judged = place.restic.cat_config().judged
    for each in (key for key in daily if key != new):
        if each in present:
            judged = retire_key(place.restic, each)
            sealed_change(place, "retired", judged, known.repository_id, each)
        if not judged.good:
            return judged
        place.register.drop(place.repository.id, each)
    return judged


@contextmanager
def _removed_when_unwritten(place: Workplace, made: MadeKey) -> "Iterator[None]":
    try:
        yield
    except StorageError:
        place.restic.remove_key(made.id)
        raise


def new_password_file(path: Path) -> None:
    """Make a password where there is none yet; raises UsageError when the folder can't be written."""
    if path.exists():
        return
    make_folder(path.parent)
    try:
        write_atomically(path, make_passphrase(secrets.token_bytes).get_secret_value().encode() + b"\n")
    except StorageError as error:
        raise UsageError(message("no password can be kept at {path}", path=str(path)), why=str(error)) from error
