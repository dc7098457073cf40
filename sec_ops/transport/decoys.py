"""Sockets of this machine that answer here and must not be reached from a sandbox."""

import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Decoy", "decoys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoy:
    """A listening socket: a port of a loopback address, or a Unix socket (`@` begins an abstract name).

    `answers` says whether a connection from here came through.
    """

    address: str
    port: int | None
    answers: bool


@contextmanager
def decoys(folder: Path) -> Iterator[Sequence[Decoy]]:
    """Listen on both loopbacks, by an abstract name and by a path in `folder`, each tried from here first."""
    path = folder / f"s{secrets.token_hex(4)}"
    places: list[tuple[socket.AddressFamily, tuple[str, int] | str]] = [
        (socket.AF_INET, ("127.0.0.1", 0)),
        (socket.AF_INET6, ("::1", 0)),
        (socket.AF_UNIX, f"\0sec-ops-{secrets.token_hex(8)}"),
        (socket.AF_UNIX, str(path)),
    ]
    with ExitStack() as stack:
        stack.callback(path.unlink, missing_ok=True)
        found = []
        for family, place in places:
            with suppress(OSError):  # a machine without IPv6, a path too long for a socket
                found.append(_decoy(stack.enter_context(socket.socket(family, socket.SOCK_STREAM)), place))
        yield found


def _decoy(listener: socket.socket, place: tuple[str, int] | str) -> Decoy:
    listener.bind(place)
    listener.listen()
    bound = listener.getsockname()
    with socket.socket(listener.family, socket.SOCK_STREAM) as caller:
        caller.settimeout(1.0)
        answers = caller.connect_ex(bound) == 0
    if isinstance(bound, tuple):
        return Decoy(address=str(bound[0]), port=int(bound[1]), answers=answers)
    name = os.fsdecode(bound)
    return Decoy(address=name.replace("\0", "@", 1), port=None, answers=answers)
