"""A repository ready to be opened: its location taken apart and its secrets read, all faults at once."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sec_ops.backup.restic.location import Kind, Location, LocationInvalid, in_plain_sight, read_location
from sec_ops.model.backup_plan import Repository, SecretReference
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import SecretReader
from sec_ops.runtime.secrets import Secret

__all__ = ["OpenRepository", "open_repository", "placed"]

_ENVIRONMENT = re.compile(r"AWS_[A-Z0-9_]+|RESTIC_REST_(?:USERNAME|PASSWORD)")
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRepository:
    """All that a call of restic needs to know of a repository; `credentials` are environment of the child only.

    `relay` is a port of this machine's loopback by which its server is come to, where not straight.
    """

    id: str
    location: Location
    password: Secret
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    certificate: Path | None = None
    identity_file: Path | None = None
    known_hosts: Path | None = None
    append_only: bool = False
    relay: int = 0
    deadline_seconds: float = 21_600

    @property
    def secrets(self) -> Collection[Secret]:
        """Return what no text may show."""
        return (self.password, *self.credentials.values())


def open_repository(repository: Repository, read_secret: SecretReader, *, folder: Path) -> OpenRepository:
    """Return `repository` with its secrets; relative paths are taken from `folder`, the site's.

    Raises ContentInvalid with all faults: its location, each secret that can't be read, files that are missing.
    """
    gathered = _Gathered(repository.id)
    location = gathered.take("location", lambda: _location(repository, folder))
    password = gathered.take("password", lambda: read_secret(placed(repository.password, folder)))
    credentials = {
        name: gathered.take(name, _credential(name, where, read_secret, folder))
        for name, where in repository.credentials.items()
    }
    files = {name: gathered.take(name, _file(getattr(repository, name), folder)) for name in _FILES}
    if location and credentials and in_plain_sight(location):
        what = message("plain HTTP to {host} would show everybody the credentials", host=location.host)
        gathered.add("location", what, message("use https, or come by a tunnel to loopback"))
    if gathered.faults or location is None or password is None:
        raise ContentInvalid(gathered.faults)
    return OpenRepository(
        id=repository.id,
        location=location,
        password=password,
        credentials={name: secret for name, secret in credentials.items() if secret},
        certificate=files["certificate"],
        identity_file=files["identity_file"],
        known_hosts=files["known_hosts"],
        append_only=repository.append_only,
        deadline_seconds=repository.deadline_minutes * 60.0,
    )


_FILES = ("certificate", "identity_file", "known_hosts")


class _Gathered:
    """Keeps the faults of all parts, each with its place in the repository's file."""

    def __init__(self, repository: str) -> None:
        self._file = f"backup/repositories/{repository}.yml"
        self.faults: list[Fault] = []

    def take(self, path: str, read: Callable[[], _Read]) -> _Read | None:
        """Return what `read` returns, None when it had a fault, which is kept."""
        try:
            return read()
        except LocationInvalid as error:
            self.add(path, error.what)
        except ContentInvalid as error:
            for each in error.faults:
                self.add(path, each.message, each.advice, at=each.file)
        return None

    def add(self, path: str, what: Message, advice: Message | None = None, *, at: str = "") -> None:
        """Keep a fault."""
        shown = f"{path}: {at}" if at else path
        self.faults.append(Fault(file=self._file, line=0, path=shown, message=what, advice=advice))


def _location(repository: Repository, folder: Path) -> Location:
    location = read_location(repository.location)
    if location.kind is not Kind.LOCAL:
        return location
    text = str(folder / Path(location.path).expanduser())
    return Location(text=text, kind=Kind.LOCAL, path=text)


def placed(reference: Mapping[Any, str], folder: Path) -> Mapping[str, str]:
    """Return the reference with its file's path taken from the site's folder."""
    return {kind: str(folder / Path(name).expanduser()) if kind == "file" else name for kind, name in reference.items()}


def _credential(name: str, reference: SecretReference, read_secret: SecretReader, folder: Path) -> Callable[[], Secret]:
    def read() -> Secret:
        if not _ENVIRONMENT.fullmatch(name):
            what = message(
                "{name} is no credential of restic; AWS_… and RESTIC_REST_USERNAME, _PASSWORD are", name=name
            )
            raise ContentInvalid([Fault(file="", line=0, path="", message=what)])
        return read_secret(placed(reference, folder))

    return read


def _file(name: str, folder: Path) -> Callable[[], Path | None]:
    def read() -> Path | None:
        path = folder / Path(name).expanduser()
        if name and not path.is_file():
            raise ContentInvalid([Fault(file=str(path), line=0, path="", message=message("there is no such file"))])
        return path if name else None

    return read
