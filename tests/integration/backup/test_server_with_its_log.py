"""A PostgreSQL server with its log, restored by a command: the base of an earlier run, proved, and its log."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.restic.requests import ForgetRequest
from sec_ops.backup.restoring.files import restore_files
from tests.backup_site import BackupSite
from tests.servers.databases import Database, postgresql_programs, postgresql_server
from tests.servers.process import free_port, running

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
_ARCHIVE = "mkdir -p ../archive && cp %p ../archive/.%f && mv ../archive/.%f ../archive/%f"


@pytest.fixture
def server() -> Iterator[Database]:
    with postgresql_server(archive_mode="on", archive_command=_ARCHIVE, max_wal_senders="4") as started:
        started.say("CREATE TABLE notes (note text); INSERT INTO notes VALUES ('before')")
        yield started


@pytest.fixture
def site(tmp_path: Path, _made: Path, server: Database, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    settings = {"server": server.server, "port": server.port, "user": "owner", "programs": str(postgresql_programs())}
    archive = {"archive": str(server.folder / "archive")}
    site.plan(SYSTEM, [{"id": "server", "kind": "postgresql_base", "settings": settings | archive}])
    for note in ("between", "last"):
        saved(site)
        server.say(f"INSERT INTO notes VALUES ('{note}')")
    saved(site)
    server.say("INSERT INTO notes VALUES ('too late')")
    return site


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that the server's account may go through."""
    folder = Path(tempfile.mkdtemp(prefix="restored-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def saved(site: BackupSite) -> None:
    code, body = site.call("backup", "run", SYSTEM)
    assert code == 0, body


def restored(site: BackupSite, place: Path) -> tuple[int, Any]:
    words = ("--target", str(place / "back"), "--load", f"server={place / 'data'}")
    return site.call("backup", "restore", SYSTEM, *words)


def test_the_base_of_an_earlier_run_is_found_proved_and_goes_on_to_the_end_of_the_log(
    site: BackupSite, server: Database, place: Path
) -> None:
    code, body = restored(site, place)
    assert (code, body["verdict"]) == (0, "ok"), body
    (base,) = body["bases"]
    assert base["run"] < body["run"]
    assert base["sources"][0]["loaded"]["verdict"] == "ok"
    wal = place / "back" / "server" / str(server.folder / "archive").lstrip("/")
    assert notes(place, wal) == ["before", "between", "last"]
    _code, entries = site.call("evidence", "list")
    sealed = [each["data"] for each in entries["entries"] if each["kind"] == "backup.restore/1"]
    assert [each["run"] for each in sealed] == [body["run"], base["run"]]


def test_a_base_that_is_not_whole_is_found_by_the_servers_own_program(
    site: BackupSite, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tar was proved by its digest and is harmed after that: only `pg_verifybackup` can see it."""

    def harmed(*words: Any, **more: Any) -> Any:
        done = restore_files(*words, **more)
        tar = done.root / "base.tar"
        if tar.exists():
            data = bytearray(tar.read_bytes())
            place_of = data.index(b"before")
            data[place_of : place_of + 6] = b"BEFORE"
            tar.write_bytes(data)
        return done

    monkeypatch.setattr("sec_ops.backup.restoring.restore.restore_files", harmed)
    code, body = restored(site, place)
    assert code == 5
    assert body["bases"][0]["sources"][0]["loaded"]["verdict"] == "damaged", body


def test_without_any_base_nothing_is_loaded(site: BackupSite, place: Path) -> None:
    bases = [each.id for each in site.restic("a").snapshots().snapshots if "part:base" in each.tags]
    assert len(bases) == 1
    _code, body = site.call("backup", "snapshots", SYSTEM)
    first = min(each["run"] for each in body["points"])
    assert site.restic("a").forget(ForgetRequest(snapshots=bases)).judged.good
    site.call("backup", "status", "--refresh")
    code, body = restored(site, place)
    assert (code, "base backup" in str(body)) == (2, True), (first, body)


def notes(place: Path, wal: Path) -> list[str]:
    """Recover the restored server up to the end of its log and return what it holds."""
    data, port = place / "data", free_port()
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {wal}/%f %p'\narchive_mode = off\n")
    (data / "recovery.signal").touch()
    subprocess.run(["chown", "-R", "postgres", str(place)], check=True)
    options = {"listen_addresses": "", "port": str(port), "unix_socket_directories": str(place)}
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    psql = [str(postgresql_programs() / "psql"), "-XqAt", "-h", str(place), "-p", str(port), "-U", "owner", "postgres"]

    def ready() -> bool:
        asked = subprocess.run([*psql, "-c", "SELECT pg_is_in_recovery()"], capture_output=True, check=False)
        return asked.stdout == b"f\n"

    with running([*account, str(postgresql_programs() / "postgres"), "-D", str(data), *words], ready, place / "log"):
        told = subprocess.run([*psql, "-c", "SELECT note FROM notes"], capture_output=True, text=True, check=True)
        return told.stdout.split()
