"""Proof that nothing gets out of a sandbox: what was tried, how it ended, and whether that counts as refused.

A time-out never counts: what was sent may have arrived. Only an answer of the kernel that there is no way does.
"""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sec_ops.drill.sandbox.layout import ENVIRONMENT, INSIDE

__all__ = ["Isolation", "Probe", "Target", "judged"]

_WRITABLE = (INSIDE, "/proc", "/run", "/tmp")  # noqa: S108 - inside
_OWN = (*_WRITABLE, "/", "/dev", "/etc", "/usr")
_FOLDERS = ("/dev/", "/proc/", "/lib", "/bin", "/sbin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What must not be reached: a port of an address, or a Unix socket (`port` None; `@` begins an abstract name).

    `outside` says whether it was seen to answer outside at that time: a probe that could not fail proves less.
    """

    name: str
    address: str
    port: int | None = None
    protocol: Literal["tcp", "udp", "unix"] = "tcp"
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One thing tried; `how` is what the system answered, in its own words."""

    name: str
    target: str
    refused: bool
    how: str
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """All probes of one sandbox. Nothing may be started in it before they hold."""

    way: str
    probes: Sequence[Probe]

    @property
    def holds(self) -> bool:
        """Return whether everything was refused, and something was tried."""
        return bool(self.probes) and all(each.refused for each in self.probes)

    @property
    def leaks(self) -> Sequence[Probe]:
        """Return what was not refused."""
        return [each for each in self.probes if not each.refused]


def judged(facts: Mapping[str, Any], targets: Sequence[Target], way: str, readable: Sequence[str] = ()) -> Isolation:
    """Return the proof that the facts give; raises KeyError when a fact is missing."""
    probes = [
        *_reached(facts["reached"], targets),
        *_network(facts),
        *_mounts(facts["mounts"], readable),
        *(_probe("path", path, refused=not seen, how=str(seen)) for path, seen in facts["present"].items()),
        *(_by_errno("write", path, number, (errno.EROFS, errno.EACCES)) for path, number in facts["written"].items()),
        *(_by_errno("power", name, number, _DENIED) for name, number in facts["powers"].items()),
        _by_errno("process", "outside", facts["signalled"], (errno.ESRCH,)),
        *_identity(facts),
    ]
    return Isolation(way=way, probes=tuple(probes))


_DENIED = (
    errno.EPERM,
    errno.EACCES,
    errno.EINVAL,
    errno.ENOSPC,
    errno.ENOSYS,
    errno.EAFNOSUPPORT,
    errno.EPROTONOSUPPORT,
)
_FIRST = frozenset({1, 2})
_STDERR = 2


def _reached(tried: Sequence[Mapping[str, Any]], targets: Sequence[Target]) -> Iterator[Probe]:
    outside = {(each.name, each.address, each.port): each.outside for each in targets}
    for each in tried:
        number = each["errno"]
        place = (each["name"], each["address"], each.get("port"))
        port = each.get("port")
        where = each["address"] if port is None else f"{each['address']} {port}/{each['protocol']}"
        yield Probe(
            name=each["name"],
            target=where,
            refused=number in _no_way(each["address"], port),
            how=_words(number),
            outside=outside.get(place, False),
        )
    missing = set(outside) - {(each["name"], each["address"], each.get("port")) for each in tried}
    for name, address, _port in sorted(missing, key=str):
        yield _probe(name, address, refused=False, how="not tried")


def _no_way(address: str, port: int | None) -> tuple[int, ...]:
    """Return the answers that mean there is no way; a refusal by a far machine means that there is one."""
    if port is None:
        return (errno.ENOENT, errno.ECONNREFUSED, errno.EACCES)
    if address == "::1" or address.startswith("127."):
        return (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EADDRNOTAVAIL)
    return (errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def _network(facts: Mapping[str, Any]) -> Iterator[Probe]:
    others = [name for name in facts["interfaces"] if name != "lo"]
    yield _probe("interfaces", "lo", refused=not others, how=" ".join(facts["interfaces"]) or "none")
    yield _probe("routes", "IPv4", refused=not facts["routes"], how=str(len(facts["routes"])))
    away = [route for route in facts["routes6"] if route[-1] != "lo"]
    yield _probe("routes", "IPv6", refused=not away, how=str(len(away)))


def _mounts(mounts: Sequence[Sequence[str]], readable: Sequence[str]) -> Iterator[Probe]:
    for each in mounts:
        place, options = each[4], each[5].split(",")
        known = place in _OWN or place in readable or place.startswith(_FOLDERS)
        held = "ro" in options or place in _WRITABLE or place.startswith("/dev")
        yield _probe("mount", place, refused=known and held and "nosuid" in options, how=each[5])
    roots = [each for each in mounts if each[4] == INSIDE]
    yield _probe("mount", INSIDE, refused=len(roots) == 1, how=str(len(roots)))


def _identity(facts: Mapping[str, Any]) -> Iterator[Probe]:
    status = facts["status"]
    powers = [status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")]
    yield _probe(
        "capabilities", "all five sets", refused=not any(int(each, 16) for each in powers), how=" ".join(powers)
    )
    yield _probe("no_new_privs", "self", refused=status["NoNewPrivs"].strip() == "1", how=status["NoNewPrivs"].strip())
    identity = f"{facts['uid']} {facts['groups']}"
    yield _probe("uid", "self", refused=facts["uid"] != 0 and not facts["groups"], how=identity)
    own = {*ENVIRONMENT, "PWD"}
    yield _probe("environment", "names", refused=set(facts["environment"]) <= own, how=" ".join(facts["environment"]))
    open_ = [number for number, where in facts["descriptors"].items() if where and int(number) > _STDERR]
    yield _probe("descriptors", "beyond 0 1 2", refused=not open_, how=" ".join(open_) or "none")
    processes = facts["processes"]
    yield _probe("processes", "others", refused=set(processes) <= _FIRST, how=" ".join(map(str, processes)))


def _by_errno(name: str, target: str, number: int, refusals: Sequence[int]) -> Probe:
    return _probe(name, target, refused=number in refusals, how=_words(number))


def _probe(name: str, target: str, *, refused: bool, how: str) -> Probe:
    return Probe(name=name, target=target, refused=refused, how=how)


def _words(number: int) -> str:
    if number == 0:
        return "succeeded"
    return "no answer" if number < 0 else f"{errno.errorcode.get(number, str(number))} ({os.strerror(number)})"
