"""`sec-ops backup run` with real restic: what is saved, and every way of going wrong red in code, words and notice."""

import json
import shutil
import socket
import sqlite3
import subprocess
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.record.arriving import arrivals_of
from sec_ops.backup.record.record import open_record
from sec_ops.backup.record.values import Verb
from sec_ops.backup.verdict import Verdict
from sec_ops.runtime.site import Site
from tests.backup_site import BackupSite, files
from tests.integration.backup.test_restic_faults import whole_locks

pytestmark = pytest.mark.integration
SYSTEM = "student-records"


@pytest.fixture
def site(tmp_path: Path, _made: Path, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    return site


@pytest.fixture(autouse=True)
def _unmounted(tmp_path: Path) -> Iterator[None]:
    """Take away what a test has mounted below its folder."""
    yield
    for line in Path("/proc/mounts").read_text().splitlines():
        if line.split()[1].startswith(f"{tmp_path}/"):
            subprocess.run(["umount", line.split()[1]], check=True)


def command(source: str, *words: str, **more: Any) -> dict[str, Any]:
    settings = {"command": list(words), "filename": f"{source}.txt"}
    return {"id": source, "kind": "command", "settings": settings, **more}


def sqlite(source: str, path: Path) -> dict[str, Any]:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS pupils (name)")
        connection.execute("INSERT INTO pupils VALUES ('x')")
    connection.close()
    return {"id": source, "kind": "sqlite", "settings": {"path": str(path)}}


def approve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let content that executes pass as if a security administrator had signed it."""
    monkeypatch.setattr("sec_ops.cli.backup._running.require_approval", lambda _room, _site: None)


def test_a_run_saves_parts_and_a_manifest_and_says_so(site: BackupSite, tree: Path, tmp_path: Path) -> None:
    site.plan(SYSTEM, [files("files", tree), sqlite("database", tmp_path / "x.db")])
    code, body = site.call("backup", "run", SYSTEM)
    (ran,) = body["systems"]
    assert (code, ran["verdict"], ran["snapshots"]) == (0, "ok", 2)
    there = {each.part: each for each in arrivals_of("a", site.restic("a").snapshots().snapshots, 0)}
    assert {name: each.verdict for name, each in there.items()} == {"files": "", "dump": "", "manifest": "ok"}
    assert {each.run for each in there.values()} == {ran["run"]}
    assert there["manifest"].snapshot == ran["manifest"]
    with open_record(Site(site.root)) as record:
        (attempt,) = record.attempts(Verb.RUN, SYSTEM)
        arrivals = record.arrivals(SYSTEM, "a")
    assert attempt.ending is not None
    assert attempt.verdict is Verdict.OK
    assert attempt.ending.evidence is not None
    assert [each.part for each in arrivals] == ["files", "dump", "manifest"]
    assert all(each.taken_at_ms for each in arrivals[:2])
    _code, entries = site.call("evidence", "list")
    assert "backup.run/1" in json.dumps(entries)
    assert site.notices() == []


Spoil = Callable[[BackupSite, Path, pytest.MonkeyPatch], None]


def missing_half(site: BackupSite, tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    site.plan(SYSTEM, [files("files", tree, tree.parent / "nowhere")])


def missing_whole(_site: BackupSite, tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(tree)


def no_repository(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(site.root / "data" / "a")


def wrong_key(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    (site.root / "secrets" / "word").write_text("wrong\n")


def unreadable_secret(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    (site.root / "secrets" / "word").unlink()


def empty_secret(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    (site.root / "secrets" / "word").write_text("\n")


def dead_server(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    site.repository("a", location="rest:http://127.0.0.1:9/x")


def blackholed_server(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody in: with its queue full the kernel drops whatever knocks, as a firewall does that answers nothing."""
    server = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = socket.create_connection(server.getsockname())
    for each in (waiting, server):
        weakref.finalize(site, each.close)
    site.repository("a", location=f"rest:http://127.0.0.1:{server.getsockname()[1]}/x")


def failing_dump(site: BackupSite, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(monkeypatch)
    site.plan(SYSTEM, [files("files", tree), command("dump", "sh", "-c", "echo half; exit 3")])


def empty_dump(site: BackupSite, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(monkeypatch)
    site.plan(SYSTEM, [files("files", tree), command("dump", "true")])


def failing_hook(site: BackupSite, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(monkeypatch)
    site.files(SYSTEM, tree, hooks=[{"when": "before", "command": ["false"]}])


def not_approved(site: BackupSite, tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    site.files(SYSTEM, tree, hooks=[{"when": "before", "command": ["true"]}])


def set_in_motion(site: BackupSite, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(monkeypatch)
    touch = command("dump", "sh", "-c", f"echo x; touch '{tree / 'file-001'}'", consistent_with=["files"])
    site.plan(SYSTEM, [touch, files("files", tree)])


def half_a_set(site: BackupSite, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    approve(monkeypatch)
    site.plan(SYSTEM, [files("files", tree), command("dump", "false", consistent_with=["files"])])


def full_disk(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    place = site.root / "data" / "a"
    kept = place.rename(place.with_name("kept"))
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    shutil.copytree(kept, place, dirs_exist_ok=True)


def locked_elsewhere(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a lock that keeps backups out, as a prune of another host leaves when it is killed."""
    place = site.root / "data" / "a"
    words = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh", "restic", "-r", str(place), "prune"]
    child = subprocess.Popen(
        [*words, "--password-file", str(site.root / "secrets" / "word")], stdout=subprocess.DEVNULL
    )
    while not whole_locks(str(place)):
        assert child.poll() is None
        time.sleep(0.002)
    child.kill()
    child.wait()
    assert [each.exclusive for each in site.restic("a").locks().locks] == [True]


def lost_packs(site: BackupSite, _tree: Path, _monkeypatch: pytest.MonkeyPatch) -> None:
    for index in (site.root / "data" / "a" / "config",):
        index.chmod(0o600)
        index.write_bytes(b"x" * 64)


@pytest.mark.parametrize(
    ("spoil", "verdict", "expected"),
    [
        (missing_half, "partial", 3),
        (missing_whole, "failed", 5),
        (no_repository, "no_repository", 5),
        (wrong_key, "wrong_key", 5),
        (unreadable_secret, "failed", 4),
        (empty_secret, "failed", 4),
        (dead_server, "unreachable", 3),
        (blackholed_server, "unreachable", 3),
        (failing_dump, "failed", 5),
        (empty_dump, "failed", 5),
        (failing_hook, "failed", 5),
        (not_approved, "failed", 4),
        (set_in_motion, "failed", 5),
        (half_a_set, "failed", 5),
        (lost_packs, "damaged", 5),
        (full_disk, "full", 5),
        (locked_elsewhere, "locked", 3),
    ],
)
def test_whatever_goes_wrong_is_red_everywhere(
    site: BackupSite, tree: Path, spoil: Spoil, verdict: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.files(SYSTEM, tree)
    spoil(site, tree, monkeypatch)
    code, body = site.call("backup", "run", SYSTEM)
    (ran,) = body["systems"]
    assert (ran["verdict"], code) == (verdict, expected)
    assert ran["command"].startswith("sec-ops backup ")
    (notice,) = site.notices()
    assert (notice["kind"], notice["data"]["verdict"]) == ("backup.failed", verdict)
    assert "sec-ops backup" in notice["text"]
    with open_record(Site(site.root)) as record:
        (attempt,) = record.attempts(Verb.RUN, SYSTEM)
        assert attempt.verdict == verdict
        counted = [each for each in record.arrivals(SYSTEM) if each.verdict in ("ok", "partial")]
    assert bool(counted) == (verdict == "partial")
    code, body = site.call("backup", "status", SYSTEM)
    (status,) = body["systems"]
    assert (status["verdict"], status["state"]) == (verdict, verdict)
    assert code in ((3, 1) if expected == 3 else (5,))
    assert status["problems"][0]["command"] == ran["command"]


def test_a_scheduled_run_that_fails_is_red_wherever_people_look(site: BackupSite, tree: Path) -> None:
    site.files(SYSTEM, tree, timing={"every_minutes": 1})
    (site.root / "secrets" / "word").write_text("wrong\n")
    code, body = site.call("schedule", "run-due", "--job", f"backup-{SYSTEM}")
    assert (code, [each["outcome"] for each in body["jobs"]]) == (5, ["engine"])
    (told,) = site.notices()
    assert told["kind"] == "backup.failed"
    assert "sec-ops backup keys check a" in told["text"]
    code, found = site.call("backup", "status", SYSTEM)
    assert (code, found["systems"][0]["state"]) == (5, "wrong_key")
