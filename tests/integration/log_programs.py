"""Servers that write real logs: started on the loopback or a socket with their own folder, stopped by their process."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sec_ops.siem.events import UNPARSED, Event
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from tests.content.parser_samples import understand

__all__ = ["dns_query", "events_of", "free_port", "listens", "own_folder", "run", "running", "wait_for"]


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a folder that servers which give up root can enter too."""
    folder = Path(tempfile.mkdtemp(prefix="logs-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port of the loopback that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until something holds; fails when it doesn't in time."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)


def run(*arguments: str | Path, user: str = "", text: str = "", fails: bool = False) -> str:
    """Run a program to its end and return what it wrote; `fails` when it is meant to."""
    words = [*(("runuser", "-u", user, "--") if user else ()), *map(str, arguments)]
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert fails or done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


@contextmanager
def running(*arguments: str | Path, user: str = "", ready: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    words = [
        *(("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups") if user else ()),
        *map(str, arguments),
    ]
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(words, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: server.poll() is not None or ready(), f"start of {words}")
            if server.poll() is not None:
                said.seek(0)
                message = f"{words} ended: {said.read().decode(errors='replace')}"
                raise AssertionError(message)
            yield server
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def listens(port: int) -> bool:
    """Return whether somebody accepts connections at a port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def dns_query(port: int, name: str, kind: int = 1) -> bytes:
    """Ask a name server on the loopback (RFC 1035) and return its answer, empty when none comes."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    packet = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question + struct.pack(">HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(2)
        asker.sendto(packet, ("127.0.0.1", port))
        try:
            return asker.recv(4096)
        except OSError:
            return b""


def events_of(file: Path, path: str) -> list[Event]:
    """Return the events of a log file as an import of it under that path gives them; none may be unparsed."""
    lines: Sequence[bytes] = file.read_bytes().split(b"\n")
    where = Origin(source=path, transport=Transport.IMPORT, path=path, zone=os.environ.get("TZ", "UTC"))
    session = understand()(where)
    batch = RawBatch(origin=where, received_ms=int(time.time() * 1000), records=tuple(lines))
    events = [row.event for row in (*session.feed(Place("w", 1), batch), *session.flush())]
    odd = [event["message"] for event in events if event["event.dataset"] == UNPARSED]
    assert not odd, odd
    misfits = {name for event in events for name in event if name.startswith("misfit.")}
    assert not misfits, misfits
    assert events, f"{file} is empty"
    return events
