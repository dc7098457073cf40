"""What goes through the doors: targets, ways to be root on them, and their replies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from sec_ops.model.errors import TransportError

__all__ = ["PINNED_COLLECTOR", "Privilege", "Reply", "RunScript", "RunScripts", "SecretReference", "Target"]

SecretReference = Mapping[str, str]
"""`{file|env|command|systemd_credential: …}`; never the secret itself."""

PINNED_COLLECTOR = "/usr/local/libexec/sec-ops/collector"
"""Where a pinned host keeps its root-owned collector; sudoers allows it by digest and without arguments."""


class Privilege(StrEnum):
    """With which rights the script runs on the target."""

    USER = "user"  # the login user's own
    ROOT = "root"  # the login user is root
    STREAMED = "streamed"  # sudo starts a shell that reads the script: broad sudo
    PINNED = "pinned"  # sudo starts the host's own collector; the script is not sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host to run a script on.

    Signs in with `identity_file`, `password` or both (two factors); with neither, through the SSH agent.
    `address` is a name, an IPv4 or an IPv6 address; `deadline_seconds` bounds the whole visit from the connection on.
    With `jump` it is reached through that host, which looks the address up; a jump host may have one of its own.
    """

    name: str
    address: str
    user: str
    known_hosts: Path
    port: int = 22
    identity_file: Path | None = None
    identity_passphrase: SecretReference | None = None
    password: SecretReference | None = None
    privilege: Privilege = Privilege.USER
    sudo_password: SecretReference | None = None
    deadline_seconds: float = 120
    jump: "Target | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a host sent; with an error, the bytes that came before it.

    `clock_offset_ms` is host minus controller, good to about a second, None when the script's first line carried no
    time. `exit_code` is the script's own, None when none arrived. `host_key` is `<type> SHA256:<fingerprint>` of the
    key that was verified, empty when it did not come to that.
    """

    target: Target
    output: bytes
    error: TransportError | None
    elapsed_ms: int
    clock_offset_ms: int | None
    privilege: Privilege
    exit_code: int | None = None
    host_key: str = ""


class RunScripts(Protocol):
    """Run a script of its own on each host."""

    def __call__(self, jobs: Sequence[tuple[Target, bytes]]) -> Iterator[Reply]:
        """Yield one reply for each job as they complete; closing the iterator ends what still runs."""
        ...


class RunScript(Protocol):
    """Run one script on many hosts; `sec_ops.transport.ssh` and `sec_ops.testing.FakeFleet` both can."""

    def __call__(self, targets: Sequence[Target], script: bytes) -> Iterator[Reply]:
        """Yield one reply for each target as they complete; closing the iterator ends what still runs."""
        ...
