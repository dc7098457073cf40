"""Entering network namespaces, for the calling thread or for a program."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["enter_network", "in_network"]

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def in_network(pid: int, argv: Sequence[str]) -> list[str]:
    """The command line that runs ``argv`` in the network namespace of process ``pid``."""
    return ["nsenter", f"--net=/proc/{pid}/ns/net", "--", *argv]


@contextmanager
def enter_network(pid: int) -> Iterator[None]:
    """Move the calling thread into the network namespace of ``pid``, and back at the end.

    Threads and processes started inside inherit it; threads that already ran do not. A socket keeps the
    namespace it was made in. Raises OSError when the caller may not.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _set_network(there)
        finally:
            os.close(there)
        try:
            yield
        finally:
            _set_network(home)
    finally:
        os.close(home)


def _set_network(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")
