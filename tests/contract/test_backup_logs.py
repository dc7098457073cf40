"""Logs of databases: a moment between two backups comes back; a log that does not arrive is no backup."""

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.source import Capture, LastGood, Loading, Order
from sec_ops.backup.sources import source_of
from sec_ops.backup.sources.postgresql_receivewal import SOURCE as RECEIVER
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.errors import EngineError
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secret
from tests.servers.databases import PASSWORD, Database, mariadb_server, postgresql_programs, postgresql_server
from tests.servers.process import free_port, running

pytestmark = pytest.mark.integration
_TABLE = "CREATE TABLE sec_ops_heartbeat (source text PRIMARY KEY, at timestamptz NOT NULL, beats bigint NOT NULL)"


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    archive = "../archive"
    command = f"mkdir -p {archive} && test ! -f {archive}/%f && cp %p {archive}/.%f && mv {archive}/.%f {archive}/%f"
    with postgresql_server(archive_mode="on", archive_command=command, max_wal_senders="4") as started:
        started.say(f"CREATE TABLE notes (note text); {_TABLE}")
        yield started


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that servers which give up root can enter too."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _order(kind: str, settings: dict[str, object], last: datetime | None = None) -> Order:
    return Order(
        source=SourceSettings(id="data", kind=kind, settings=settings),
        doors=LocalDoors(clock=SystemClock()),
        last_good=_last(last),
        secret=Secret(PASSWORD),
        deadline_seconds=120,
    )


def _last(moment: datetime | None) -> LastGood:
    return lambda part: moment


def _settings(server: Database, **more: object) -> dict[str, object]:
    programs = str(postgresql_programs())
    return {"server": server.server, "port": server.port, "user": "keeper", "programs": programs, **more}


_BASE_BYTES = 1 << 30
"""A base backup goes through memory here."""


def _saved(capture: Capture, folder: Path) -> None:
    """Do what restic does with the parts."""
    for part in capture.parts:
        for path in part.paths:
            shutil.copytree(path, folder / part.name, dirs_exist_ok=True)
        if part.command:
            done = LocalDoors(clock=SystemClock(), output_bytes=_BASE_BYTES).run(part.command, deadline_seconds=120)
            assert done.exit_code == 0, done.stderr
            (folder / part.filename).write_bytes(done.stdout)


def test_a_moment_after_the_base_backup_comes_back(server: Database, folder: Path) -> None:
    settings = _settings(server, archive=str(server.folder / "archive"))
    source = source_of("postgresql_base")
    server.say("INSERT INTO notes VALUES ('before')")
    with source.open(_order("postgresql_base", settings)) as capture:
        assert [part.name for part in capture.parts] == ["wal", "base"]
        _saved(capture, folder)
        (base,) = capture.facts().dumped
        assert base.bytes == (folder / "base.tar").stat().st_size
    server.say("INSERT INTO notes VALUES ('between')")
    with source.open(_order("postgresql_base", settings, datetime.now(UTC))) as capture:
        assert [part.name for part in capture.parts] == ["wal"]
        _saved(capture, folder)
        assert (folder / "wal" / capture.facts().details["last_segment"]).is_file()
    server.say("INSERT INTO notes VALUES ('too late')")
    assert _recovered(source.loading(_order("postgresql_base", settings), str(_data(folder))), folder) == [
        "before",
        "between",
    ]


def test_a_base_backup_is_taken_again_when_it_is_old(server: Database) -> None:
    settings = _settings(server, archive=str(server.folder / "archive"), base_every_hours=2)
    old = datetime.now(UTC) - timedelta(hours=3)
    with source_of("postgresql_base").open(_order("postgresql_base", settings, old)) as capture:
        assert [part.name for part in capture.parts] == ["wal", "base"]


def test_a_log_that_is_not_archived_is_no_backup() -> None:
    with postgresql_server(archive_mode="on", archive_command="false") as broken:
        settings = _settings(broken, archive="/nowhere")
        broken.say("CREATE TABLE t (a int)")
        opened = source_of("postgresql_base").open(_order("postgresql_base", settings))
        with pytest.raises(EngineError, match="does not archive"), opened:
            pass


def test_nobody_receives(server: Database, folder: Path) -> None:
    settings = _settings(server, slot="nobody", folder=str(folder), synchronous=True)
    opened = RECEIVER.open(_order("postgresql_receivewal", settings))
    with pytest.raises(EngineError, match="nobody receives"), opened:
        pass


def test_what_was_committed_has_been_received(server: Database, folder: Path) -> None:
    settings = _settings(server, slot="second", folder=str(folder / "wal"), synchronous=True)
    order = _order("postgresql_receivewal", settings)
    errors: list[EngineError] = []
    enough = threading.Event()

    def ended(error: EngineError) -> bool:
        errors.append(error)
        return not enough.wait(0.2)

    receiver = threading.Thread(target=RECEIVER.receive, args=(order, ended))
    receiver.start()
    try:
        _wait_for_receiver(server)
        with pytest.raises(EngineError, match="do not wait"), RECEIVER.open(order):
            pass
        server.say("ALTER SYSTEM SET synchronous_standby_names = 'second'")
        server.say("SELECT pg_reload_conf()")
        _until_synchronous(server)
        with RECEIVER.open(order) as capture:
            server.say("INSERT INTO notes VALUES ('committed')")
            assert capture.facts().details["flushed"]
        received = b"".join(path.read_bytes() for path in (folder / "wal").iterdir())
        assert b"committed" in received
        killed = server.say("SELECT pid FROM pg_stat_replication")
        server.say(f"SET synchronous_commit = local; SELECT pg_terminate_backend({killed})")
        _wait_for_receiver(server, other_than=killed.strip())
    finally:
        server.say("SET synchronous_commit = local; ALTER SYSTEM RESET synchronous_standby_names")
        server.say("SELECT pg_reload_conf()")
        enough.set()
        server.say("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
        receiver.join()
    assert errors


def test_the_binary_log_goes_on_from_the_dump(folder: Path) -> None:
    options = ("--log-bin", "--server-id=1", "--binlog-format=ROW")
    with mariadb_server(*options) as server:
        server.say("CREATE DATABASE school; USE school; CREATE TABLE notes (note text)")
        server.say("USE school; INSERT INTO notes VALUES ('before')")
        reading = {"server": server.server, "user": "keeper"}
        dump = _order("mariadb", {**reading, "database": "school", "binary_log_position": True})
        with source_of("mariadb").open(dump) as capture:
            _saved(capture, folder)
        server.say("USE school; INSERT INTO notes VALUES ('between')")
        log = _order("mariadb_binlog", {**reading, "folder": str(folder / "fetched")})
        for _run in range(2):
            with source_of("mariadb_binlog").open(log) as capture:
                _saved(capture, folder)
                facts = capture.facts()
        server.say("DROP DATABASE school; CREATE DATABASE school")
        server.say(f"USE school; {(folder / 'school.sql').read_text()}")
        position = next(line for line in (folder / "school.sql").read_text().splitlines() if "MASTER_LOG_POS" in line)
        name, _comma, number = position.partition("MASTER_LOG_FILE='")[2].rstrip(";").partition("', MASTER_LOG_POS=")
        assert name <= facts.details["last_file"]
        files = sorted(path for path in (folder / "binlog").iterdir() if path.name >= name)
        replayed = subprocess.run(
            ["mariadb-binlog", "--no-defaults", f"--start-position={number}", *files], capture_output=True, check=True
        )
        server.say(replayed.stdout.decode())
        assert server.say("SELECT note FROM school.notes", "--skip-column-names").split() == ["before", "between"]


def _data(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir(mode=0o700)
    return data


def _recovered(loadings: Sequence[Loading], folder: Path) -> list[str]:
    """Recover in a server of its own and return the notes."""
    for loading in loadings:
        read = (folder / loading.reads).read_bytes() if loading.reads else b""
        done = LocalDoors(clock=SystemClock()).run(loading.arguments, stdin=read, deadline_seconds=120)
        assert done.exit_code == 0, done.stderr
    data, port = folder / "data", free_port()
    (data / "recovery.signal").touch()
    verify = [str(postgresql_programs() / "pg_verifybackup"), "--no-parse-wal", "--ignore=recovery.signal", str(data)]
    verified = subprocess.run(verify, capture_output=True, check=False)
    assert verified.returncode == 0, verified.stderr
    subprocess.run(["chown", "-R", "postgres", str(folder)], check=True)
    settings = {
        "restore_command": f"cp {folder}/wal/%f %p",
        "archive_mode": "off",
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": str(folder),
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    psql = [str(postgresql_programs() / "psql"), "-XqAt", "-h", str(folder), "-p", str(port), "-U", "owner", "postgres"]

    def ready() -> bool:
        asked = subprocess.run([*psql, "-c", "SELECT pg_is_in_recovery()"], capture_output=True, check=False)
        return asked.stdout == b"f\n"

    with running([*command, str(postgresql_programs() / "postgres"), "-D", str(data), *words], ready, folder / "log"):
        notes = subprocess.run([*psql, "-c", "SELECT note FROM notes"], capture_output=True, text=True, check=True)
        return notes.stdout.split()


def _wait_for_receiver(server: Database, other_than: str = "") -> None:
    _until(server, f"SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND pid <> 0{other_than}")


def _until_synchronous(server: Database) -> None:
    _until(server, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")


def _until(server: Database, query: str) -> None:
    for _attempt in range(300):
        if server.say(query).strip() == "1":
            return
        server.say("SELECT pg_sleep(0.1)")
    raise AssertionError(query)
