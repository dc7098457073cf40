"""Work on a host by SSH: programs as here, secrets nowhere, nothing left behind however the controller ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sec_ops.backup.locks import clear_locks
from sec_ops.backup.remote.there import There
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest, Stream
from sec_ops.backup.verdict import Verdict
from sec_ops.model.errors import (
    ConnectionLost,
    ContentInvalid,
    EngineError,
    HostKeyUnknown,
    PrivilegeRefused,
    ProgramFailed,
    ProgramMissing,
)
from sec_ops.runtime.secrets import Secret
from sec_ops.transport.dialogue import Dialogue
from sec_ops.transport.streaming import Handed
from sec_ops.transport.values import Privilege
from tests.servers.hosts import LoopbackHost, loopback_host
from tests.servers.process import free_port
from tests.servers.restic import make_repository, make_restic

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHost]:
    with loopback_host(tmp_path_factory.mktemp("host")) as made:
        yield made


@pytest.fixture(scope="module")
def there(host: LoopbackHost) -> Iterator[There]:
    with host.connected() as connected:
        yield connected


@pytest.fixture(scope="module")
def restic(host: LoopbackHost, there: There) -> Restic:
    # A word of its own: tests beside this one may show theirs.
    made = there.restic(replace(host.sftp.repository("a"), password=Secret(f"word-{uuid.uuid4().hex}")))
    assert made.init().judged.good
    return made


def soon(holds: Callable[[], object]) -> bool:
    for _ in range(300):
        if holds():
            return True
        time.sleep(0.1)
    return False


def processes(mark: str) -> list[str]:
    """Return the command lines that hold a mark, our own process left out."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if mark in line and each.parent.name != str(os.getpid()):
                found.append(line)
    return found


@pytest.mark.parametrize(
    ("words", "stdin", "expected"),
    [
        (["cat"], b"", (0, b"", b"")),
        (["cat"], b"\x00\xff\n" * 500_000, (0, b"\x00\xff\n" * 500_000, b"")),
        (["sh", "-c", "echo out; echo err >&2; exit 7"], b"", (7, b"out\n", b"err\n")),
        (["sh", "-c", "kill -9 $$"], b"", (-9, b"", b"")),
        (["sh", "-c", "exec true"], b"x" * 3_000_000, (0, b"", b"")),
        (["sh", "-c", "sleep 600 & echo left"], b"", (0, b"left\n", b"")),
        (["printf", "%s", "学 $HOME 'x' \udcff\n"], b"", (0, "学 $HOME 'x' ".encode() + b"\xff\n", b"")),
    ],
    ids=["nothing", "much", "fails", "killed", "deaf", "leaves a child", "awkward"],
)
def test_a_program_ends_there_as_it_would_here(
    there: There, words: list[str], stdin: bytes, expected: tuple[int, bytes, bytes]
) -> None:
    done = there.doors.run(words, stdin=stdin, deadline_seconds=60)
    assert (done.exit_code, done.stdout, done.stderr) == expected


def test_what_can_not_run_is_told(there: There, tmp_path: Path) -> None:
    with pytest.raises(ProgramMissing, match="no-such-program"):
        there.doors.run(["no-such-program"], deadline_seconds=10)
    (tmp_path / "broken").write_bytes(b"\x7fELF nothing")
    (tmp_path / "broken").chmod(0o755)
    with pytest.raises(ProgramFailed, match="could not start"):
        there.doors.run([str(tmp_path / "broken")], deadline_seconds=10)


def test_the_deadline_ends_a_program_with_all_its_children(there: There) -> None:
    mark = uuid.uuid4().hex
    with pytest.raises(ProgramFailed, match="deadline"):
        there.doors.run(["sh", "-c", f"sleep 600 & sleep 600; : {mark}"], deadline_seconds=1)
    assert soon(lambda: not processes(mark))


def test_a_dialogue_says_hears_and_ends(there: There) -> None:
    mark = uuid.uuid4().hex
    with there.doors.talk(["sh", "-c", f"exec sh -s {mark}"], deadline_seconds=60) as spoken:
        spoken.say("echo one; echo two; echo .\n")
        assert spoken.hear(".") == ("one", "two")
        spoken.say("echo broken >&2; exit 3\n")
        with pytest.raises(ProgramFailed, match="ended before") as caught:
            spoken.hear(".")
        assert "broken" in caught.value.why
    assert soon(lambda: not processes(mark))


def speak_on(spoken: Dialogue) -> None:
    for _ in range(300):
        spoken.say("SELECT 1;\n")
        time.sleep(0.02)


def test_who_speaks_to_a_program_that_has_ended_hears_its_last_words(there: There) -> None:
    with there.doors.talk(["sh", "-c", "echo no such database >&2; exit 2"], deadline_seconds=60) as spoken:
        with pytest.raises(ProgramFailed) as caught:
            speak_on(spoken)
        assert caught.value.why == "no such database"
        with pytest.raises(ProgramFailed, match="ended before"):
            spoken.say("again\n")


def test_a_report_is_in_memory_and_gone_afterwards(there: There) -> None:
    with there.doors.report() as report:
        assert report.read() == b""
        there.doors.run(["sh", "-c", f"printf told > {report.path}"], deadline_seconds=30)
        assert report.read() == b"told"
        assert report.path.startswith("/proc/")
        path = report.path
    assert soon(lambda: not Path(path).exists())


def test_an_error_of_whoever_listens_ends_the_program(there: There) -> None:
    mark = uuid.uuid4().hex

    class Refusing:
        full = False

        def feed(self, data: bytes) -> None:
            if data:
                raise KeyError

    with pytest.raises(KeyError):
        there.host.stream(["sh", "-c", f"yes; : {mark}"], stdout=Refusing(), stderr=Refusing(), deadline_seconds=60)
    assert soon(lambda: not processes(mark))


def test_no_secret_is_seen_on_the_host(there: There, restic: Restic, host: LoopbackHost) -> None:
    """A dump that looks at everything a process may see of others and of itself finds nothing but what it was given."""
    given, password = f"given-{uuid.uuid4().hex}", restic.repository.password.get_secret_value()
    look = (
        "import os,sys,glob;seen=open(sys.argv[1]).read()\n"
        "for each in glob.glob('/proc/[0-9]*/cmdline')+glob.glob('/proc/[0-9]*/environ'):\n"
        "  try: sys.stdout.buffer.write(open(each,'rb').read()+b'\\n')\n"
        "  except OSError: pass\n"
        "print('looked', len(seen))\n"
        "print('mine', sorted(os.environ))\n"
    )
    command: list[str | Handed] = [there.doors.python, "-c", look, Handed(Secret(given))]
    stream = Stream(command=command, filename="seen")
    result = restic.backup(BackupRequest(host="records-1", tags=["seen"], stream=stream))
    assert result.judged.good, result.judged
    assert result.summary is not None
    seen = bytearray()
    assert restic.dump(result.summary.snapshot_id, "/seen", on_bytes=seen.extend).judged.good
    assert f"looked {len(given)}".encode() in seen
    assert b"backup --json" in seen.replace(b"\0", b" ")
    assert given.encode() not in seen
    assert password.encode() not in seen
    assert not [each for each in host.home.rglob("*") if each.is_file() and given.encode() in each.read_bytes()]
    assert not [each for each in host.home.rglob("*") if each.is_file() and password.encode() in each.read_bytes()]


def test_a_dump_gets_nothing_that_is_meant_for_restic(there: There, restic: Restic) -> None:
    from sec_ops.backup.source import Order
    from sec_ops.backup.sources import source_of
    from sec_ops.model.backup_plan import SourceSettings

    settings = {"command": ["env"], "filename": "env"}
    source = SourceSettings(id="env", kind="command", settings=settings)
    order = Order(source=source, doors=there.doors, last_good=lambda _part: None)
    with source_of("command").open(order) as capture:
        (part,) = capture.parts
        stream = Stream(command=part.command, filename="env")
        result = restic.backup(BackupRequest(host="records-1", tags=["env"], stream=stream))
        assert result.judged.good, result.judged
        assert capture.facts().dumped
    assert result.summary is not None
    seen = bytearray()
    restic.dump(result.summary.snapshot_id, "/env", on_bytes=seen.extend)
    names = {line.partition(b"=")[0].decode() for line in seen.splitlines()}
    assert "PATH" in names
    assert not [each for each in names if each.startswith(("RESTIC_", "AWS_", "SEC_OPS_", "HTTPS_PROXY"))]


def test_a_killed_controller_leaves_nothing_running(host: LoopbackHost, there: There, tmp_path: Path) -> None:
    repository = host.sftp.repository("killed")
    restic = there.restic(repository)
    assert restic.init().judged.good
    for busy in (0, 2, 2):
        mark = uuid.uuid4().hex
        told = {
            "port": host.sftp.port,
            "user": host.target().user,
            "known_hosts": str(host.sftp.known_hosts),
            "identity_file": str(host.sftp.identity_file),
            "location": repository.location.text,
            "mark": mark,
        }
        worker = [sys.executable, "-m", "tests.integration.backup.remote_worker", json.dumps(told)]
        with subprocess.Popen(worker, stdout=subprocess.PIPE, text=True, cwd=ROOT) as controller:
            assert controller.stdout is not None
            assert controller.stdout.readline() == "connected\n"
            assert soon(lambda: len(processes(mark)) > busy)  # noqa: B023
            controller.kill()
        assert soon(lambda: not processes(mark)), processes(mark)  # noqa: B023
    assert restic.snapshots().snapshots == ()
    left = restic.locks().locks
    done = clear_locks(restic, there.here())
    assert len(done.removed) == len(left)
    assert restic.locks().locks == ()
    assert make_restic(repository, tmp_path).check().judged.good


class Cable:
    """A way to a port that can be cut without a word to either side."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open = threading.Event()
        self._open.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)

    def close(self) -> None:
        self._server.close()


@contextmanager
def cable_to(host: LoopbackHost) -> Iterator[tuple[Cable, Path]]:
    cable = Cable(host.sftp.port)
    known = host.home / f"known_hosts-{cable.port}"
    known.write_text(host.sftp.known_hosts.read_text().replace(str(host.sftp.port), str(cable.port)))
    try:
        yield cable, known
    finally:
        cable.close()


def cut_when_busy(cable: Cable, mark: str) -> None:
    soon(lambda: len(processes(mark)) > 1)
    cable.cut()


def test_a_cut_link_is_an_interruption_and_the_host_ends_restic_itself(host: LoopbackHost) -> None:
    mark = uuid.uuid4().hex
    endless = ["sh", "-c", f"while :; do head -c 200000 /dev/urandom; sleep 0.02; done; : {mark}"]
    stream = Stream(command=endless, filename="endless")
    with cable_to(host) as (cable, known):
        with host.connected(silence_seconds=3, port=cable.port, known_hosts=known) as there:
            restic = there.restic(host.sftp.repository("cut"))
            assert restic.init().judged.good
            watcher = threading.Thread(target=cut_when_busy, args=(cable, mark))
            watcher.start()
            result = restic.backup(BackupRequest(host="records-1", tags=["x"], stream=stream))
            watcher.join()
            assert result.judged.verdict is Verdict.INTERRUPTED, result.judged
            assert "no sign of life" in result.judged.why
            with pytest.raises((ConnectionLost, EngineError)):
                there.doors.run(["true"], deadline_seconds=5)
        assert soon(lambda: not processes(mark)), processes(mark)


def test_an_errand_that_is_killed_takes_its_program_along(there: There) -> None:
    with there.doors.talk(["sh", "-c", "echo $PPID; echo .; exec sleep 600"], deadline_seconds=60) as spoken:
        (parent,) = spoken.hear(".")
        child = next(Path(f"/proc/{parent}/task/{parent}").glob("children")).read_text().split()[0]
        os.kill(int(parent), signal.SIGKILL)
        with pytest.raises((ConnectionLost, ProgramFailed)):
            spoken.hear(".")
    assert soon(lambda: not Path(f"/proc/{child}").exists())


def test_a_sshd_that_opens_no_tunnel_says_what_to_allow(tmp_path: Path) -> None:
    with loopback_host(tmp_path, AllowTcpForwarding="no") as closed, closed.connected() as there:
        assert there.doors.run(["true"], deadline_seconds=30).exit_code == 0
        with pytest.raises(PrivilegeRefused, match="no tunnel") as caught:
            there.restic(closed.sftp.repository("a"))
        assert "AllowTcpForwarding remote" in str(caught.value.advice)


def test_a_sshd_that_opens_too_few_sessions_says_how_many(tmp_path: Path) -> None:
    with (
        loopback_host(tmp_path, MaxSessions="1") as narrow,
        narrow.connected() as there,
        there.doors.talk(["cat"], deadline_seconds=30),
        pytest.raises(PrivilegeRefused, match="no further session") as caught,
    ):
        there.doors.run(["true"], deadline_seconds=30)
    assert "MaxSessions" in str(caught.value.advice)


def test_the_advice_for_sshd_is_enough(tmp_path: Path) -> None:
    with (
        loopback_host(tmp_path, AllowTcpForwarding="remote", PermitListen="localhost:*") as host,
        host.connected() as there,
    ):
        assert there.restic(host.sftp.repository("a")).init().judged.good


@pytest.mark.parametrize(
    ("script", "error", "said"),
    [
        (None, ProgramMissing, "not installed"),
        ("#!/bin/sh\necho restic 0.14.0 compiled with go\n", EngineError, "too old"),
        ("#!/bin/sh\nexit 3\n", ProgramFailed, "exit code 3"),
    ],
    ids=["missing", "old", "broken"],
)
def test_restic_on_the_host_is_looked_at(
    tmp_path: Path, script: str | None, error: type[EngineError], said: str
) -> None:
    program = tmp_path / "restic"
    if script:
        program.write_text(script)
        program.chmod(0o755)
    with loopback_host(tmp_path, restic=program) as host, host.connected() as there:
        with pytest.raises(error, match=said) as caught:
            there.restic(host.sftp.repository("a"))
        assert script is not None or "apt-get install restic" in str(caught.value.advice)


def test_what_keeps_us_out_is_told_before_anything_starts(host: LoopbackHost, there: There, tmp_path: Path) -> None:
    with pytest.raises(HostKeyUnknown), host.connected(known_hosts=tmp_path / "nothing"):
        pass
    with pytest.raises(PrivilegeRefused, match="pinned"), host.connected(privilege=Privilege.PINNED):
        pass
    with pytest.raises(ContentInvalid):
        there.restic(make_repository(tmp_path / "folder"))


def test_a_dead_repository_is_unreachable_before_the_host_is_asked(there: There) -> None:
    dead = make_repository(f"rest:http://127.0.0.1:{free_port()}/x", name="dead")
    result = there.restic(dead).backup(BackupRequest(host="records-1", tags=["x"], paths=[Path("/etc/hostname")]))
    assert result.judged.verdict is Verdict.UNREACHABLE
