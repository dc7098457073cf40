"""The raw log's disk runs full while senders send, and is emptied again."""

import itertools
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.log_listener import Listening, until
from tests.integration.test_log_listener_clients import talk

pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Listening]:
    listening = Listening(tmp_path, {"id": "relp", "kind": "relp"}, {"id": "tcp", "kind": "syslog_tcp"})
    logs = listening.site / "var" / "logs"
    logs.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(logs)], check=True)
    listening.start("--no-index")
    try:
        yield listening
    finally:
        listening.kill()
        subprocess.run(["umount", "--lazy", str(logs)], check=True)


def test_nothing_acknowledged_is_lost_and_plain_tcp_waits(kept: Listening) -> None:
    acknowledged: set[bytes] = set()
    ended = threading.Event()
    padding = os.urandom(512).hex().encode()

    def send() -> None:
        numbered = itertools.count()
        while not ended.is_set():
            with suppress(OSError), socket.create_connection(("127.0.0.1", kept.ports["relp"]), timeout=5) as wire:
                talk(wire, numbered, acknowledged, ended)
            time.sleep(0.05)

    with socket.create_connection(("127.0.0.1", kept.ports["tcp"])) as plain:
        sender = threading.Thread(target=send)
        sender.start()
        try:
            until(lambda: fill(plain, padding) and kept.states()["relp"].trouble)
            plain.sendall(b"<13>sent while the disk was full\n")
            held = len(acknowledged)
            time.sleep(0.3)
            assert len(acknowledged) == held, "something was acknowledged that is on no disk"
            logs = str(kept.site / "var" / "logs")
            subprocess.run(["mount", "-o", "remount,size=64m", logs], check=True)
            until(lambda: len(acknowledged) > held + 500)
        finally:
            ended.set()
            sender.join()
    document = kept.stop()
    records = set(kept.records())
    assert acknowledged <= records
    assert b"<13>sent while the disk was full" in records
    assert document["lost"] == 0


def fill(plain: socket.socket, padding: bytes) -> bool:
    """Send lines that don't pack well; return True."""
    for _ in range(50):
        plain.sendall(b"<13>" + os.urandom(64).hex().encode() + padding[:64] + b"\n")
    return True
