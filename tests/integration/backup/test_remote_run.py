"""`sec-ops backup run` of sources on a host: the same verdicts as here, and what only a host can do wrong."""

import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.proving.reading import ManifestFile, fetched_manifest
from sec_ops.backup.restic.requests import BackupRequest, Stream
from tests.backup_site import BackupSite, files
from tests.servers.databases import PASSWORD, postgresql_programs, postgresql_server
from tests.servers.hosts import LoopbackHost, loopback_host
from tests.servers.process import free_port
from tests.servers.restic import make_restic

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
HOST = "student-db-1"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LoopbackHost]:
    (tmp_path / "host").mkdir()
    with loopback_host(tmp_path / "host") as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, host: LoopbackHost, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    describe(site, host)
    repository = host.sftp.repository("a")
    assert make_restic(repository, tmp_path).init().judged.good
    access = {"identity_file": str(host.sftp.identity_file)}
    more: dict[str, Any] = {"location": repository.location.text, "known_hosts": str(host.sftp.known_hosts), **access}
    site.repository("a", hosts={HOST: access}, **more)
    return site


def describe(site: BackupSite, host: LoopbackHost, **more: Any) -> None:
    """Put the host into the site's inventory, as it is reached."""
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_port": host.sftp.port,
        "ansible_user": host.target().user,
        "ansible_ssh_private_key_file": str(host.sftp.identity_file),
        "sec_ops_privilege": "root",
        **more,
    }
    folder = site.root / "inventory" / "host_vars"
    folder.mkdir(exist_ok=True)
    (folder / f"{HOST}.yml").write_text(json.dumps(variables))
    (site.root / "inventory" / "known_hosts").write_bytes(host.sftp.known_hosts.read_bytes())


def test_a_run_saves_what_is_on_a_host(site: BackupSite, host: LoopbackHost, tree: Path, tmp_path: Path) -> None:
    site.plan(SYSTEM, [files("there", tree, host=HOST), files("here", tree)])
    code, body = site.call("backup", "run", SYSTEM)
    (ran,) = body["systems"]
    assert (code, ran["verdict"], ran["snapshots"]) == (0, "ok", 2), ran
    snapshots = make_restic(host.sftp.repository("a"), tmp_path).snapshots().snapshots
    assert {each.host for each in snapshots if "source:there" in each.tags} == {HOST}
    assert (host.home / ".cache").exists()
    assert ran["sources"][0]["host"] == HOST


def test_a_host_that_is_away_costs_its_own_sources_only(site: BackupSite, host: LoopbackHost, tree: Path) -> None:
    describe(site, host, ansible_port=free_port())
    site.plan(SYSTEM, [files("there", tree, host=HOST), files("here", tree)])
    code, body = site.call("backup", "run", SYSTEM)
    (ran,) = body["systems"]
    assert (code, ran["verdict"], ran["snapshots"]) == (3, "unreachable", 1)
    assert [each["verdict"] for each in ran["sources"]] == ["unreachable", "ok"]


def test_who_is_not_let_in_must_be_helped_first(site: BackupSite, host: LoopbackHost, tree: Path) -> None:
    site.plan(SYSTEM, [files("there", tree, host=HOST)])
    known_hosts = site.root / "inventory" / "known_hosts"
    known_hosts.write_text("")
    code, shown = site.shown("backup", "run", SYSTEM)
    assert code == 5
    assert "ssh-keyscan" in shown
    known_hosts.write_bytes(host.sftp.known_hosts.read_bytes())
    describe(site, host, sec_ops_privilege="pinned")
    code, shown = site.shown("backup", "run", SYSTEM)
    assert code == 5
    assert "sec_ops_backup" in shown
    account = {"user": host.target().user, "privilege": "root"}
    describe(site, host, sec_ops_privilege="pinned", sec_ops_backup=account)
    assert site.shown("backup", "run", SYSTEM)[0] == 0


def test_a_lock_of_a_restic_that_was_killed_there_is_gone_after_the_next_run(
    site: BackupSite, host: LoopbackHost, tree: Path, tmp_path: Path
) -> None:
    ours = make_restic(host.sftp.repository("a"), tmp_path)
    with host.connected() as there:
        endless = Stream(command=["sh", "-c", "while :; do head -c 99999 /dev/urandom; done"], filename="endless")
        thread = threading.Thread(
            target=there.restic(host.sftp.repository("a")).backup,
            args=(BackupRequest(host=HOST, tags=["x"], stream=endless),),
        )
        thread.start()
        while not (left := ours.locks().locks):
            time.sleep(0.1)
        os.kill(left[0].pid, signal.SIGKILL)
        thread.join()
    assert ours.locks().locks
    site.plan(SYSTEM, [files("there", tree, host=HOST)])
    assert site.call("backup", "run", SYSTEM)[0] == 0
    assert ours.locks().locks == ()


def test_heartbeats_are_written_on_a_host(site: BackupSite, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE sec_ops_heartbeat (source PRIMARY KEY, at REAL, beats INTEGER)")
        database.commit()
    source = {"id": "app", "kind": "sqlite", "host": HOST, "heartbeat": True, "settings": {"path": str(path)}}
    site.plan(SYSTEM, [source])
    code, body = site.call("backup", "heartbeat", "--seconds", "3")
    (told,) = body["sources"]
    assert (code, told["error"]) == (0, "")
    with closing(sqlite3.connect(path)) as database:
        ((beats,),) = database.execute("SELECT beats FROM sec_ops_heartbeat")
    assert beats == told["beats"] > 0


def test_a_database_of_a_host_is_dumped_there_with_its_counts(
    site: BackupSite, host: LoopbackHost, tmp_path: Path
) -> None:
    with postgresql_server() as server:
        server.say("CREATE DATABASE school")
        replace(server, client=(*server.client[:-1], "school")).say(
            "CREATE TABLE pupils (id int); INSERT INTO pupils SELECT generate_series(1, 1000)"
        )
        (site.root / "secrets" / "database").write_text(PASSWORD)
        (site.root / "secrets" / "database").chmod(0o600)
        settings = {
            "user": "keeper",
            "database": "school",
            "server": server.server,
            "port": server.port,
            "programs": str(postgresql_programs()),
        }
        password = {"file": "secrets/database"}
        source = {"id": "school", "kind": "postgresql", "host": HOST, "password": password, "settings": settings}
        site.plan(SYSTEM, [source])
        code, body = site.call("backup", "run", SYSTEM)
    (ran,) = body["systems"]
    assert (code, ran["verdict"], ran["snapshots"]) == (0, "ok", 1), ran
    ours = make_restic(host.sftp.repository("a"), tmp_path)
    with fetched_manifest(ours, ran["manifest"], (), folder=tmp_path) as fetched:
        assert isinstance(fetched, ManifestFile)
        assert [(table.name, table.rows) for table in fetched.manifest.sources[0].tables] == [("public.pupils", 1000)]
