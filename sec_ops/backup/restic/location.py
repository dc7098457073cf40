"""Where a repository lies, as restic writes it: a folder, `sftp:…`, `rest:http(s)://…` or `s3:http(s)://…`."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from sec_ops.model.messages import Message, message
from sec_ops.model.values import is_loopback

__all__ = ["Kind", "Location", "LocationInvalid", "by_relay", "in_plain_sight", "read_location"]

_SCHEME = re.compile(r"([a-z][a-z0-9]*):(?!\\)")
_SFTP_SHORT = re.compile(r"(?:(?P<user>[^@/]+)@)?(?P<host>\[[^\]]+\]|[^:/]+):(?P<path>.+)", re.DOTALL)


class Kind(StrEnum):
    """Kinds of repository we open."""

    LOCAL = "local"
    SFTP = "sftp"
    REST = "rest"
    S3 = "s3"


class LocationInvalid(ValueError):
    """The text is no location we open; `what` says why."""

    def __init__(self, what: Message) -> None:
        super().__init__(str(what))
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A location taken apart; `host` is empty for a folder, `port` 0 where ssh's own configuration says.

    `url` is the address of a rest-server or S3 as HTTP has it.
    """

    text: str
    kind: Kind
    host: str = ""
    port: int = 0
    user: str = ""
    protocol: Literal["", "http", "https", "ssh"] = ""
    path: str = ""
    url: str = ""


def read_location(text: str) -> Location:
    """Return the location that `text` names.

    Raises LocationInvalid for other back ends, addresses that can't be read, and passwords in the text.
    """
    found = _SCHEME.match(text)
    if not text.strip() or "\0" in text or "\n" in text:
        raise LocationInvalid(message("a location is one line and not empty"))
    if found is None:
        return Location(text=text, kind=Kind.LOCAL, path=text)
    scheme, rest = found[1], text[found.end() :]
    if scheme == Kind.LOCAL:
        return Location(text=text, kind=Kind.LOCAL, path=rest)
    if scheme == Kind.SFTP:
        return _sftp(text, rest)
    if scheme == Kind.REST:
        return _served(text, Kind.REST, rest)
    if scheme == Kind.S3:
        return _s3(text, rest)
    kinds = ", ".join(Kind)
    raise LocationInvalid(message("repositories of kind {kind} are not opened; use {kinds}", kind=scheme, kinds=kinds))


def _sftp(text: str, rest: str) -> Location:
    if rest.startswith("//"):
        host, port, user, path = _split(f"sftp:{rest}")
        return Location(text=text, kind=Kind.SFTP, host=host, port=port or 0, user=user, protocol="ssh", path=path)
    found = _SFTP_SHORT.fullmatch(rest)
    if found is None:
        raise LocationInvalid(message("an sftp location is sftp:USER@HOST:/PATH or sftp://USER@HOST:PORT//PATH"))
    host = found["host"].strip("[]")
    return Location(text=text, kind=Kind.SFTP, host=host, user=found["user"] or "", protocol="ssh", path=found["path"])


def _s3(text: str, rest: str) -> Location:
    if "://" not in rest:
        rest = f"https://{rest.lstrip('/')}"
    location = _served(text, Kind.S3, rest)
    bucket = location.path.strip("/").partition("/")[0]
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise LocationInvalid(
            message("{bucket} is no bucket name: 3 to 63 small letters, digits, dots, hyphens", bucket=bucket)
        )
    return location


def _served(text: str, kind: Kind, url: str) -> Location:
    protocol = _protocol(url)
    host, port, _, path = _split(url)
    port = port or (443 if protocol == "https" else 80)
    return Location(text=text, kind=kind, host=host, port=port, protocol=protocol, path=path, url=url)


def _protocol(url: str) -> Literal["http", "https"]:
    scheme = url.partition("://")[0].lower()
    if scheme == "https":
        return "https"
    if scheme == "http":
        return "http"
    raise LocationInvalid(message("the address starts with https:// or http://"))


def _split(url: str) -> tuple[str, int | None, str, str]:
    try:
        place = urlsplit(url)
        host, port = place.hostname or "", place.port
    except ValueError as error:
        raise LocationInvalid(message("the address can't be read: {reason}", reason=str(error))) from error
    if not host:
        raise LocationInvalid(message("the address names no host"))
    if place.password is not None or (place.username and not url.startswith("sftp:")):
        raise LocationInvalid(
            message(
                "user and password don't stand in the address; they go under credentials as {user} and {password}",
                user="RESTIC_REST_USERNAME",
                password="RESTIC_REST_PASSWORD",  # noqa: S106 - a name, not a password
            )
        )
    return host, port, place.username or "", place.path


def by_relay(location: Location, port: int) -> Location:
    """Return the location as it is come to by a relay on a port of the loopback.

    For TLS of another machine nothing changes: its own name must be verified, so the relay is a proxy there. For ssh
    the name stays too, and the address is an option of ssh.
    """
    if location.kind is Kind.LOCAL or (location.protocol == "https" and not is_loopback(location.host)):
        return location
    scheme, _, address = location.text.partition(":")
    if location.protocol == "ssh" and not address.startswith("//"):
        return location
    host = location.host if location.protocol == "ssh" or is_loopback(location.host) else "127.0.0.1"
    user = f"{location.user}@" if location.user else ""
    place = urlsplit(address)
    moved = place._replace(netloc=f"{user}[{host}]:{port}" if ":" in host else f"{user}{host}:{port}")
    return replace(location, text=f"{scheme}:{urlunsplit(moved)}", host=host, port=port, url=urlunsplit(moved))


def in_plain_sight(location: Location) -> bool:
    """Return whether credentials would go over the network in plain HTTP."""
    return location.protocol == "http" and not is_loopback(location.host)
