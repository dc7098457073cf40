"""The writer service as a real process: callers, refusals, ends."""

import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sec_ops.evidence.client import ServiceLog
from sec_ops.evidence.log import LocalLog, open_evidence, os_user
from sec_ops.evidence.statements import read_statement
from sec_ops.evidence.wire import connect
from sec_ops.model.errors import ContentInvalid, StorageError, UsageError
from sec_ops.model.evidence import LowEntropy
from sec_ops.runtime.clock import SystemClock
from sec_ops.transport.process import run_program
from tests.unit.evidence.support import facts, faults, hosts, opened


def start(folder: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen([sys.executable, "-m", "sec_ops.evidence.service", str(folder)], stderr=subprocess.PIPE)
    assert process.stderr
    assert b"listening" in process.stderr.readline()
    return process


@pytest.fixture
def service(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = start(folder)
    yield process
    process.kill()
    process.communicate()


def opening(folder: Path):
    return open_evidence(folder, clock=SystemClock(), randomness=secrets.token_bytes, run_program=run_program)


def test_a_caller_is_known_by_its_socket(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    with opening(folder) as log:
        assert isinstance(log, ServiceLog)
        number = log.append("audit.facts/1", facts(1).data, blob=b"facts", system="records", case="c")
        (entry,) = log.entries(number, number)
        assert (entry.writer, entry.actor, entry.assurance) == ("service", os_user().name, "os_user")
        assert (entry.system, entry.case) == ("records", "c")
        assert entry.blob
        assert log.read_blob(entry.blob.sha256) == b"facts"
        assert log.append_many([facts(2), facts(3, blob=LowEntropy(b"no"))]) == [4, 5]
        assert log.checkpoint() == 6
        assert read_statement(log.sign("text/plain", b"by the service"), ()).payload == b"by the service"
    assert [entry.blob.size for entry in opened(folder).entries(5, 5) if entry.blob] == [34]
    assert faults(folder) == []


def test_many_entries_come_in_pages(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    with opening(folder) as log:
        log.append_many(facts(number) for number in range(2_200))
        assert [entry.seq for entry in log.entries()] == list(range(2_203))
        assert [entry.seq for entry in log.entries(995, 2_005)] == list(range(995, 2_006))
        assert list(log.entries(5_000)) == []


def test_errors_cross_the_socket(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    with opening(folder) as log:
        with pytest.raises(UsageError, match="no kind"):
            log.append("nonsense/1", {})
        with pytest.raises(UsageError, match="writer's own"):
            log.append("key.created/1", {})
        with pytest.raises(ContentInvalid) as caught:
            log.append("audit.facts/1", {"surplus": 1})
        assert {fault.path for fault in caught.value.faults} == {"run", "host", "state", "surplus"}
        with pytest.raises(UsageError, match="no blob"):
            log.read_blob("0" * 64)
        with pytest.raises(UsageError, match="JSON"):
            log.append("audit.facts/1", {**facts(1).data, "error": object()})
        assert log.append("audit.facts/1", facts(1).data) == 3


def test_callers_at_once(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    def work(name: int) -> None:
        with opening(folder) as log:
            for number in range(25):
                log.append("audit.facts/1", facts(name * 100 + number).data)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    opened(folder).append_many([facts(9_999)])
    for thread in threads:
        thread.join()
    assert len(set(hosts(folder))) == 201


@pytest.mark.parametrize(
    "frame", [b"\xff\xff\xff\xff", b"\0\0\0\x02{}", struct.pack(">I", 3) + b"abc", b"\0\0\0\x04null", b"\0"]
)
def test_nonsense_ends_only_the_conversation(folder: Path, service: "subprocess.Popen[bytes]", frame: bytes) -> None:
    peer = connect(folder / "service.socket")
    assert peer
    with peer:
        peer.sendall(frame)
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(100) == b""
    with opening(folder) as log:
        assert log.append("audit.facts/1", facts(1).data) == 3


def test_term_seals_and_the_next_caller_writes_itself(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    with opening(folder) as log:
        log.append("audit.facts/1", facts(1).data)
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=30) == 0
        with pytest.raises(StorageError, match="hung up"):
            log.append("audit.facts/1", facts(2).data)
    assert not (folder / "service.socket").exists()
    assert (folder / "checkpoints" / "000000000004").is_dir()
    with opening(folder) as local:
        assert isinstance(local, LocalLog)


def test_killed_and_started_again(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    acknowledged: list[int] = []

    def work() -> None:
        with pytest.raises(StorageError):
            acknowledged.extend(log.append("audit.facts/1", facts(number).data) for number in range(100_000))

    with opening(folder) as log:
        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(0.5)
        service.kill()
        worker.join(timeout=30)
    assert acknowledged
    again = start(folder)
    try:
        with opening(folder) as log:
            assert isinstance(log, ServiceLog)
            assert set(acknowledged) <= {entry.seq for entry in log.entries()}
            log.append("audit.facts/1", facts(1).data)
    finally:
        again.send_signal(signal.SIGTERM)
        again.communicate(timeout=30)
    assert faults(folder) == []


def test_one_service_a_folder(folder: Path, service: "subprocess.Popen[bytes]") -> None:
    second = subprocess.run(
        [sys.executable, "-m", "sec_ops.evidence.service", str(folder)], capture_output=True, timeout=60, check=False
    )
    assert second.returncode == 2
    assert b"already" in second.stderr
    with opening(folder) as log:
        assert isinstance(log, ServiceLog)


def test_no_log_no_service(tmp_path: Path) -> None:
    for arguments in ([str(tmp_path)], []):
        ended = subprocess.run(
            [sys.executable, "-m", "sec_ops.evidence.service", *arguments], capture_output=True, timeout=60, check=False
        )
        assert ended.returncode == 2


def test_a_deep_folder_has_a_socket_too(folder: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.parent.mkdir()
    folder.rename(deep)
    process = start(deep)
    try:
        with opening(deep) as log:
            assert isinstance(log, ServiceLog)
            log.append("audit.facts/1", facts(1).data)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
