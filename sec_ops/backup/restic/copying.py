"""How a second repository is named to restic, and what `copy` says it did (plain text, also with `--json`)."""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit, urlunsplit

from sec_ops.backup.restic.location import Kind
from sec_ops.backup.restic.opening import OpenRepository
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.streaming import Handed

__all__ = ["copied", "from_options", "told", "with_credentials"]

_SOURCE = re.compile(r"^snapshot ([0-9a-f]{8,64}) of ")
_SAVED = re.compile(r"^snapshot ([0-9a-f]{8,64}) saved")
_SKIPPED = re.compile(r"^skipping (?:source )?snapshot ([0-9a-f]{8,64})")


def from_options(source: OpenRepository) -> list[str | Handed]:
    """Return the options that name the repository copied from; its location goes by a pipe, as it may hold a password.

    Restic reads credentials of a REST server from one pair of variables for both sides, so the source's stand in its
    location instead.
    """
    location = Handed(Secret(with_credentials(source)))
    return ["--from-repository-file", location, "--from-password-file", Handed(source.password)]


def told(line: str) -> bool:
    """Return whether a line tells of a snapshot; all others are progress."""
    return line.startswith(("snapshot ", "skipping "))


def copied(lines: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the pairs of source and new snapshot, and the snapshots that were there already.

    For people: a path with a line end could pretend to be one. `Snapshot.original` of the listing is the proof.
    """
    pairs: list[tuple[str, str]] = []
    source = ""
    for line in lines:
        if found := _SAVED.search(line):
            pairs.append((source, found[1]))
        elif found := _SOURCE.search(line):
            source = found[1]
    return tuple(pairs), tuple(found[1] for line in lines if (found := _SKIPPED.search(line)))


def with_credentials(source: OpenRepository) -> str:
    """Return a repository's location with the credentials of its REST server in it: a secret, to go by a pipe."""
    user, password = (source.credentials.get(f"RESTIC_REST_{name}") for name in ("USERNAME", "PASSWORD"))
    if source.location.kind is not Kind.REST or not user or not password:
        return source.location.text
    place = urlsplit(source.location.url)
    told = f"{quote(user.get_secret_value(), safe='')}:{quote(password.get_secret_value(), safe='')}@{place.netloc}"
    return "rest:" + urlunsplit(place._replace(netloc=told))
