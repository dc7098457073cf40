"""What stands in the sandbox first and starts all else there: one file on the standard library, Python 3.8 or newer.

One JSON document a line comes in and one goes out, each followed by the line `end`. Nothing is started before the
controller asks, and it asks for the facts that prove the isolation first.
"""

from __future__ import annotations

import ctypes
import errno
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from typing import Any, Callable

TAIL = 65536
CLONE_NEWUSER = 0x10000000
jobs: dict[int, "Job"] = {}
services: dict[str, subprocess.Popen[bytes]] = {}


class Job:
    """A program run to its end beside others; its output lies in files."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.started = time.monotonic()
        self.expired = False
        self.ended_ms: int | None = None
        self.output, self.errors = asked["stdout"], asked["stderr"]
        self.child = spawn(asked, asked.get("stdin") or "/dev/null")
        self.thread = threading.Thread(target=self._wait, args=(float(asked["seconds"]),), daemon=True)
        self.thread.start()

    def _wait(self, seconds: float) -> None:
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.expired = True
            end(self.child, signal.SIGKILL)
        self.ended_ms = round((time.monotonic() - self.started) * 1000)

    def told(self, seconds: float) -> dict[str, Any]:
        """Return how it stands after waiting a while."""
        self.thread.join(seconds)
        if self.ended_ms is None:
            return {"done": False}
        return {
            "done": True,
            "exit": self.child.returncode,
            "expired": self.expired,
            "ms": self.ended_ms,
            "stdout": tail(self.output),
            "stderr": tail(self.errors),
        }


def spawn(asked: dict[str, Any], stdin: str) -> subprocess.Popen[bytes]:
    """Start a program in a group of its own, with nothing but the environment that was asked for."""
    with open(stdin, "rb") as taken, open(asked["stdout"], "ab") as output, open(asked["stderr"], "ab") as errors:
        return subprocess.Popen(
            asked["argv"],
            stdin=taken,
            stdout=output,
            stderr=errors,
            env=asked["env"],
            start_new_session=True,
        )


def end(child: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a program's whole group."""
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass
    child.wait()


def tail(path: str) -> str:
    """Return the end of a file as text."""
    with open(path, "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - TAIL))
        return stream.read().decode(errors="replace")


def begin(asked: dict[str, Any]) -> dict[str, Any]:
    """Start a job."""
    number = len(jobs) + 1
    jobs[number] = Job(asked)
    return {"job": number}


def wait(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell how a job stands."""
    return jobs[asked["job"]].told(float(asked["seconds"]))


def start(asked: dict[str, Any]) -> dict[str, Any]:
    """Start a service, which goes on until it is stopped."""
    services[asked["name"]] = spawn(asked, "/dev/null")
    return {"pid": services[asked["name"]].pid}


def alive(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell whether a service runs, and the end of what it said."""
    code = services[asked["name"]].poll()
    return {"alive": code is None, "exit": code, "said": tail(asked["stderr"])}


def stop(asked: dict[str, Any]) -> dict[str, Any]:
    """Stop a service, in the end by force."""
    child = services.pop(asked["name"])
    for number in (getattr(signal, asked["signal"]), signal.SIGQUIT, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        try:
            child.wait(float(asked["seconds"]))
            break
        except subprocess.TimeoutExpired:
            continue
    return {"exit": child.wait()}


def reach(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell whether something listens on a port of the loopback, or on a path."""
    return {"errno": attempt(lambda: connect(asked["address"], asked.get("port"), 1.0))}


def ask_http(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask a web server on the loopback for a page; redirects are told, not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=float(asked["seconds"]))
    try:
        connection.request(asked["method"], asked["path"], body=asked.get("body"), headers=asked["headers"])
        answer = connection.getresponse()
        body = answer.read(asked["bytes"])
        return {"status": answer.status, "headers": answer.getheaders(), "body": body.decode(errors="replace")}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "headers": [], "body": "", "error": str(error) or type(error).__name__}
    finally:
        connection.close()


def facts(asked: dict[str, Any]) -> dict[str, Any]:
    """Tell all that the proof of isolation is judged by."""
    return {
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "uid_map": text("/proc/self/uid_map").split(),
        "status": dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines() if ":\t" in line),
        "interfaces": [line.split(":")[0].strip() for line in text("/proc/net/dev").splitlines()[2:]],
        "routes": [line.split() for line in text("/proc/net/route").splitlines()[1:]],
        "routes6": [line.split() for line in text("/proc/net/ipv6_route").splitlines()],
        "mounts": [line.split() for line in text("/proc/self/mountinfo").splitlines()],
        "descriptors": {number: link(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")},
        "environment": sorted(os.environ),
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "session": os.getsid(0),
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
DEEDS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "facts": facts,
    "begin": begin,
    "wait": wait,
    "start": start,
    "alive": alive,
    "stop": stop,
    "reach": reach,
    "http": ask_http,
}


def answer(line: str) -> dict[str, Any]:
    """Do what one line asks; what goes wrong is told."""
    try:
        asked = json.loads(line)
        return DEEDS[asked["do"]](asked)
    except (OSError, ValueError, KeyError) as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def main() -> None:
    """Answer until the controller is gone; with this process all others of the sandbox end."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    for line in sys.stdin:
        print(json.dumps(answer(line)), "end", sep="\n", flush=True)


if __name__ == "__main__":
    main()
