"""Past restic: overwrite and delete by the server's own protocol, as somebody with stolen credentials would."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import urlsplit

from sec_ops.backup.probing.signing import S3Access, signed_headers
from sec_ops.backup.restic.location import Kind
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.model.errors import SecOpsError
from sec_ops.transport.http import HttpReply, send

__all__ = ["Answer", "RawDoor", "RestDoor", "S3Door", "raw_door"]

_REFUSALS = frozenset({401, 403, 405, 409})
_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered; not `heard` when nothing came back."""

    heard: bool
    refused: bool = False
    text: str = ""


class RawDoor(Protocol):
    """A server's own protocol."""

    def overwrite(self, kind: str, name: str, data: bytes) -> Answer:
        """Try to put other bytes in place of a file of the repository."""
        ...

    def delete(self, kind: str, name: str) -> Answer:
        """Try to delete a file of the repository."""
        ...


def raw_door(repository: OpenRepository, now: Callable[[], datetime]) -> RawDoor | None:
    """Return the way past restic for rest-server and S3; None for folders and sftp, which refuse nothing."""
    if repository.location.kind is Kind.REST:
        return RestDoor(repository=repository)
    if repository.location.kind is Kind.S3:
        return S3Door(repository=repository, now=now)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestDoor:
    """restic's REST protocol."""

    repository: OpenRepository

    def overwrite(self, kind: str, name: str, data: bytes) -> Answer:
        """Try to put other bytes in place of a file of the repository."""
        return self._asked("POST", kind, name, data)

    def delete(self, kind: str, name: str) -> Answer:
        """Try to delete a file of the repository."""
        return self._asked("DELETE", kind, name, b"")

    def _asked(self, method: Literal["POST", "DELETE"], kind: str, name: str, data: bytes) -> Answer:
        base = self.repository.location.url.rstrip("/")
        headers = {"Content-Type": "application/octet-stream", **self._credentials()}
        certificate = self.repository.certificate
        return _answer(lambda: send(method, f"{base}/{kind}/{name}", data, headers=headers, ca=certificate))

    def _credentials(self) -> dict[str, str]:
        user, password = (self.repository.credentials.get(f"RESTIC_REST_{each}") for each in ("USERNAME", "PASSWORD"))
        if not user or not password:
            return {}
        plain = f"{user.get_secret_value()}:{password.get_secret_value()}".encode()
        return {"Authorization": "Basic " + base64.b64encode(plain).decode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Door:
    """S3, path style."""

    repository: OpenRepository
    now: Callable[[], datetime]

    def overwrite(self, kind: str, name: str, data: bytes) -> Answer:
        """Try to put other bytes in place of a file of the repository."""
        return self._asked("PUT", kind, name, data)

    def delete(self, kind: str, name: str) -> Answer:
        """Try to delete a file of the repository."""
        return self._asked("DELETE", kind, name, b"")

    def _asked(self, method: Literal["PUT", "DELETE"], kind: str, name: str, data: bytes) -> Answer:
        place = urlsplit(self.repository.location.url)
        folder = f"{kind}/{name[:2]}" if kind == "data" else kind
        path = f"{place.path.rstrip('/')}/{folder}/{name}"
        access = self._access()
        if access is None:
            return Answer(heard=False)
        signed = signed_headers(method, path, data, headers={"Host": place.netloc}, access=access, now=self.now())
        url = f"{place.scheme}://{place.netloc}{path}"
        return _answer(lambda: send(method, url, data, headers=signed, ca=self.repository.certificate))

    def _access(self) -> S3Access | None:
        found = self.repository.credentials
        key, secret = found.get("AWS_ACCESS_KEY_ID"), found.get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            return None
        region = found.get("AWS_DEFAULT_REGION")
        return S3Access(
            key_id=key.get_secret_value(),
            secret=secret,
            region=region.get_secret_value() if region else "us-east-1",
        )


def _answer(ask: Callable[[], HttpReply]) -> Answer:
    try:
        reply = ask()
    except SecOpsError as error:
        return Answer(heard=False, text=str(error.what))
    words = reply.body[:_WORDS].decode(errors="replace")
    return Answer(heard=True, refused=reply.status in _REFUSALS, text=f"{reply.status} {words}".strip())
