"""How restic comes to a repository from where it runs: the words that name it, and the environment it needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.backup.restic.location import by_relay
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.backup.restic.target import one_value, ssh_options
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.messages import message
from sec_ops.transport.process import clean_environment
from sec_ops.transport.streaming import Handed

__all__ = ["Access", "AccessTo", "straight"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Options that name a repository, and the environment of the call."""

    words: Sequence[str | Handed]
    environment: Mapping[str, str]


AccessTo = Callable[[Sequence[OpenRepository]], Access]
"""Return the access to the first repository; the others are those a call needs besides, such as a copy's source."""


def straight(repositories: Sequence[OpenRepository]) -> Access:
    """Return the access from this machine, which sees the server itself.

    Raises ContentInvalid when two repositories need different credentials of one name; those of a REST server that is
    copied from stand in its location.
    """
    first = repositories[0]
    location = by_relay(first.location, first.relay) if first.relay else first.location
    words: list[str | Handed] = ["-r", location.text]
    for certificate in dict.fromkeys(each.certificate for each in repositories if each.certificate):
        words += ["--cacert", one_value(str(certificate))]
    return Access(words=(*words, *ssh_options(repositories)), environment=clean_environment(**_told(repositories)))


def _told(repositories: Sequence[OpenRepository]) -> dict[str, str]:
    first, *others = repositories
    added = dict(first.credentials)
    for other in others:
        for name, secret in other.credentials.items():
            if name.startswith("RESTIC_REST_"):
                continue
            if added.setdefault(name, secret) != secret:
                raise _torn_between(first, other, name)
    proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{first.relay}"} if first.relay else {}
    return {name: secret.get_secret_value() for name, secret in added.items()} | proxy


def _torn_between(repository: OpenRepository, other: OpenRepository, name: str) -> ContentInvalid:
    what = message(
        "{first} and {second} need different values of {name}, and restic takes one",
        first=repository.id,
        second=other.id,
        name=name,
    )
    advice = message("give both repositories one access key, or copy by way of a rest-server")
    place = f"backup/repositories/{other.id}.yml"
    return ContentInvalid([Fault(file=place, line=0, path=name, message=what, advice=advice)])
