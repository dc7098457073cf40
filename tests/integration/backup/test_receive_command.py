"""`sec-ops backup receive`: a log is received here and on a host, goes on after each end, and stops when told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.backup_site import BackupSite
from tests.integration.backup.test_remote_run import HOST, describe
from tests.servers.databases import Database, postgresql_programs, postgresql_server
from tests.servers.hosts import LoopbackHost, loopback_host

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
ROOT = Path(__file__).parents[3]
STREAMING = "SELECT pid FROM pg_stat_replication WHERE state = 'streaming'"


@pytest.fixture
def server() -> Iterator[Database]:
    with postgresql_server(max_wal_senders="4") as started:
        started.say("CREATE TABLE notes (note text)")
        yield started
        started.say("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")


@pytest.fixture
def site(tmp_path: Path, _made: Path, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    return site


def plan(site: BackupSite, server: Database, folder: Path, **more: Any) -> None:
    settings = {
        "server": server.server,
        "port": server.port,
        "user": "owner",
        "programs": str(postgresql_programs()),
        "slot": "second",
        "folder": str(folder),
        "synchronous": True,
    }
    site.plan(SYSTEM, [{"id": "log", "kind": "postgresql_receivewal", "settings": settings, **more}])


def serve(site: BackupSite, host: LoopbackHost) -> None:
    """Let the repository be one that a host can reach."""
    access = {"identity_file": str(host.sftp.identity_file)}
    location = {"location": host.sftp.repository("a").location.text, "known_hosts": str(host.sftp.known_hosts)}
    more: dict[str, Any] = {**location, **access, "hosts": {HOST: access}}
    site.repository("a", **more)


@contextmanager
def receiving(site: BackupSite, told: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words = [sys.executable, "-m", "sec_ops", "--site", str(site.root), "--lang", "en", "backup", "receive", SYSTEM]
    with told.open("wb") as log, subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log) as child:
        try:
            yield child
        finally:
            child.kill()


def until(ready: Callable[[], object], told: Path) -> None:
    end = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < end, told.read_text()
        time.sleep(0.1)


def receivers(folder: Path) -> list[str]:
    """Return the receivers that write to a folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"pg_receivewal" in words[0] and os.fsencode(folder) in words:
            found.append(each.parent.name)
    return found


@pytest.mark.parametrize("where", ["here", "on a host"])
def test_it_receives_goes_on_and_ends(site: BackupSite, server: Database, tmp_path: Path, where: str) -> None:
    folder, told = tmp_path / "received", tmp_path / "told"
    (tmp_path / "host").mkdir()
    with loopback_host(tmp_path / "host") as host:
        if where == "on a host":
            describe(site, host)
            serve(site, host)
        plan(site, server, folder, **({"host": HOST} if where == "on a host" else {}))
        with receiving(site, told) as child:
            until(lambda: server.say(STREAMING), told)
            server.say("ALTER SYSTEM SET synchronous_standby_names = 'second'; SELECT pg_reload_conf()")
            until(lambda: server.say("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), told)
            server.say("INSERT INTO notes VALUES ('committed')")
            assert b"committed" in b"".join(each.read_bytes() for each in folder.iterdir())
            first = server.say(STREAMING).strip()
            server.say(f"SET synchronous_commit = local; SELECT pg_terminate_backend({first})")
            until(lambda: server.say(STREAMING).strip() not in ("", first), told)
            assert "pg_receivewal" in told.read_text(), "each end is told"
            server.say("SET synchronous_commit = local; ALTER SYSTEM RESET synchronous_standby_names")
            server.say("SELECT pg_reload_conf()")
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) is not None
        until(lambda: not receivers(folder), told)


def test_a_plan_without_such_a_source_is_told(site: BackupSite, tree: Path) -> None:
    site.files(SYSTEM, tree)
    code, shown = site.shown("backup", "receive", SYSTEM)
    assert (code, "0 sources" in shown) == (2, True)
