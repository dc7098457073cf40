"""State files, systemd's socket, the system's table of dropped datagrams, certificates, the inventory."""

import os
import socket
from pathlib import Path

import pytest

from sec_ops.model.errors import ContentInvalid, UsageError
from sec_ops.model.log_listener import ListenerTls
from sec_ops.runtime.secrets import Secrets
from sec_ops.siem.listen.counts import Counts
from sec_ops.siem.listen.datagrams import dropped_datagrams
from sec_ops.siem.listen.gate import bound_socket
from sec_ops.siem.listen.readiness import notify, watchdog_seconds
from sec_ops.siem.listen.state import ListenerState, read_states, write_state
from sec_ops.siem.listen.tls import server_context
from sec_ops.transport.process import run_program
from tests.unit.siem.listen.support import Authority, listener


def test_states_are_read_as_written_and_faults_are_left_out(tmp_path: Path) -> None:
    counts = Counts(messages=3)
    counts.stranger("10.0.0.1")
    told = ListenerState(
        id="a", kind="relp", address="::1", port=1, pid=2, since_ms=3, updated_ms=4, counts=counts.document()
    )
    assert read_states(tmp_path) == []
    write_state(tmp_path, told)
    (tmp_path / "listen" / "b.json").write_text("{")
    (tmp_path / "listen" / "c.json").write_text('{"id": "c"}')
    assert read_states(tmp_path) == [told]


def test_systemd_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        notify("READY=1", {"NOTIFY_SOCKET": path})
        assert manager.recv(100) == b"READY=1"
    notify("READY=1", {"NOTIFY_SOCKET": path})
    notify("READY=1", {})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 10),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "x"}, None),
    ],
)
def test_watchdog(environment: dict[str, str], expected: float | None) -> None:
    assert watchdog_seconds(environment) == expected


def test_dropped_datagrams_are_counted() -> None:
    with (
        bound_socket(listener("syslog_udp"), socket.SOCK_DGRAM) as bound,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            sender.sendto(b"x" * 1000, bound.getsockname())
        received = 0
        try:
            while bound.recv(2000):
                received += 1
        except BlockingIOError:
            pass
        assert dropped_datagrams(os.fstat(bound.fileno()).st_ino) == 200 - received > 0
    assert dropped_datagrams(1, ("/nonexistent",)) == 0


def test_a_port_that_is_taken() -> None:
    with bound_socket(listener("syslog_tcp"), socket.SOCK_STREAM) as first:
        first.listen()
        taken = listener("syslog_tcp", port=first.getsockname()[1])
        with pytest.raises(UsageError, match="could not listen"):
            bound_socket(taken, socket.SOCK_STREAM)


def test_certificates_that_can_not_be_used(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("one", "localhost")
    authority.issue("two", "localhost")
    (tmp_path / "open.key").write_bytes((tmp_path / "one.key").read_bytes())
    (tmp_path / "open.key").chmod(0o644)
    secrets = Secrets(run_program=run_program, environment={"KEY": (tmp_path / "one.key").read_text()})
    server_context(ListenerTls(certificate="one.pem", key={"env": "KEY"}), tmp_path, secrets)
    wrong = [
        ListenerTls(certificate="one.pem", key="two.key"),
        ListenerTls(certificate="none.pem", key="one.key"),
        ListenerTls(certificate="one.pem", key="none.key"),
        ListenerTls(certificate="one.pem", key="open.key"),
        ListenerTls(certificate="one.pem", key={"env": "NONE"}),
        ListenerTls(certificate="one.pem", key="one.key", client_ca="none.pem"),
    ]
    for tls in wrong:
        with pytest.raises(ContentInvalid):
            server_context(tls, tmp_path, secrets)
