"""What proves the isolation: facts as the kernel tells them in here, and deeds that must be refused."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from functools import partial
from typing import Any, Callable

CLONE_NEWUSER = 0x10000000


def facts(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell all that the proof of isolation is judged by."""
    return {
        "uid": os.getuid(),
        "groups": os.getgroups(),
        "status": dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines() if ":\t" in line),
        "interfaces": [line.split(":")[0].strip() for line in text("/proc/net/dev").splitlines()[2:]],
        "routes": [line.split() for line in text("/proc/net/route").splitlines()[1:]],
        "routes6": [line.split() for line in text("/proc/net/ipv6_route").splitlines()],
        "mounts": [line.split() for line in text("/proc/self/mountinfo").splitlines()],
        "descriptors": {number: link(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")},
        "environment": sorted(os.environ),
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "reached": [{**each, "errno": attempt(partial(send, each))} for each in asked["targets"]],
        "present": {path: os.path.lexists(path) for path in asked["absent"]},
        "written": {path: attempt(partial(write, path)) for path in asked["unwritable"]},
        "powers": {name: attempt(power) for name, power in POWERS.items()},
        "signalled": attempt(lambda: os.kill(asked["outside"], 0)),
    }


def text(path: str) -> str:
    """Return a file of /proc, nothing where the kernel has none."""
    try:
        with open(path) as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def link(path: str) -> str:
    """Return where a link leads; the descriptor that reads the folder is gone by now."""
    try:
        return os.readlink(path)
    except OSError:
        return ""


def attempt(deed: Callable[[], object]) -> int:
    """Return the number of the error a deed ends with, 0 when it succeeds, -1 when it only timed out."""
    try:
        deed()
    except socket.timeout:
        return -1
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def send(target: dict[str, Any]) -> None:
    """Try to reach a target by its protocol."""
    if target["protocol"] == "udp":
        with socket.socket(family(target["address"]), socket.SOCK_DGRAM) as opened:
            opened.sendto(b"", (target["address"], target["port"]))
    else:
        connect(target["address"], target.get("port"), 2.0)


def connect(address: str, port: int | None, seconds: float) -> None:
    """Connect to a port, or to a Unix socket by its path (`@` begins an abstract name)."""
    kind = socket.AF_UNIX if port is None else family(address)
    with socket.socket(kind, socket.SOCK_STREAM) as opened:
        opened.settimeout(seconds)
        opened.connect(address.replace("@", "\0", 1) if port is None else (address, port))


def family(address: str) -> int:
    """Return the family of a numeric address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def write(path: str) -> None:
    """Try to make a file in a folder."""
    name = os.path.join(path, ".sec-ops-drill")
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    os.unlink(name)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Call a function of the C library; raises OSError."""
    if function(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def forked(deed: Callable[[], object]) -> None:
    """Do a deed in a child, so that nothing of it stays; raises OSError as the child met it."""
    child = os.fork()
    if child == 0:
        os._exit(min(attempt(deed) & 0xFF, 0xFF))
    code = os.waitpid(child, 0)[1] >> 8
    if code:
        raise OSError(code, os.strerror(code))


LIBRARY = ctypes.CDLL(None, use_errno=True)
POWERS: dict[str, Callable[[], object]] = {
    "raw_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
    "packet_socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "user_namespace": lambda: forked(lambda: call(LIBRARY.unshare, CLONE_NEWUSER)),
    "mount": lambda: call(LIBRARY.mount, b"none", b"/tmp", b"tmpfs", 0, None),
    "become_root": lambda: forked(lambda: os.setuid(0)),
    "device": lambda: forked(lambda: os.mknod("/tmp/.sec-ops-device", 0o060600, os.makedev(8, 0))),
}
