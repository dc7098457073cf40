"""Two sites as network namespaces: one cable of IPv6 between them, as slow as asked, no way anywhere else."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["A", "B", "Cable", "two_sites"]

A, B = "fd77::a", "fd77::b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """The namespaces of both sites by name."""

    a: str
    b: str

    def at(self, site: str, words: Sequence[str]) -> list[str]:
        """Return a command that runs at a site."""
        return ["ip", "netns", "exec", site, *words]

    def set(self, state: str) -> None:
        """Pull the cable (`down`) or put it back (`up`)."""
        _ip("-n", self.a, "link", "set", "cable", state)
        if state == "up":
            _ip("-n", self.a, "addr", "replace", f"{A}/64", "dev", "cable", "nodad")


@contextmanager
def two_sites(rate: str) -> Iterator[Cable]:
    """Lay the cable; `rate` is tc's, such as `20mbit`, in both directions. Needs root."""
    cable = Cable(a=f"site-a-{os.getpid()}", b=f"site-b-{os.getpid()}")
    try:
        for name in (cable.a, cable.b):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", cable.a, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", cable.b)
        for name, address in ((cable.a, A), (cable.b, B)):
            _ip("-n", name, "addr", "add", f"{address}/64", "dev", "cable", "nodad")
            _ip("-n", name, "link", "set", "cable", "up")
            shaped = [
                "tc",
                "qdisc",
                "add",
                "dev",
                "cable",
                "root",
                "tbf",
                "rate",
                rate,
                "burst",
                "64k",
                "latency",
                "100ms",
            ]
            _run([*cable.at(name, shaped)])
        yield cable
    finally:
        for name in (cable.a, cable.b):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _ip(*words: str) -> None:
    _run(["ip", *words])


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
