"""`sec-ops backup restore` and `verify` with real restic: what is proved, and every loss found and told."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restoring.hashing import walked
from sec_ops.backup.sources.sqlite import Sqlite
from sec_ops.cli.main import run as main
from sec_ops.evidence.believing import believed_keys
from tests.backup_site import BackupSite, files
from tests.integration.backup.conftest import make_tree

pytestmark = pytest.mark.integration
SYSTEM = "student-records"
NAMES = [
    b"line\nbreak",
    b"\xff\xfe not UTF-8",
    b"\xfe\xff not UTF-8",
    "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} not UTF-8".encode(),
    b"x" * 255,
    b"-rf",
    b"\x1b[31mred",
    b"quote ' \" \\ $HOME `id`",
    "中文 \N{RIGHT-TO-LEFT OVERRIDE} txt".encode(),
    b"*",
    b"[a]",
]


@pytest.fixture(scope="module")
def _saved(tmp_path_factory: pytest.TempPathFactory, _made: Path) -> Path:
    """A site whose system was saved once: a tree, hostile names, a database."""
    top = tmp_path_factory.mktemp("saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BackupSite, "call", lambda site, *words: (main(["--site", str(site.root), *words, "--json"]), {}))
        site = BackupSite(top / "site", None)  # type: ignore[arg-type]
        site.repository("a", _made)
        make_tree(top / "tree")
        make_names(top / "names")
        site.plan(SYSTEM, [files("web", top / "tree", top / "names"), database(top / "x.db", rows=1000)])
        assert site.call("backup", "run", SYSTEM)[0] == 0
    shutil.copytree(top, top.with_name("kept"), symlinks=True)
    return top


@pytest.fixture
def saved(_saved: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[BackupSite]:
    """The site, whose repository and tree are as they were saved again after the test."""
    site = object.__new__(BackupSite)
    site.root, site._capsys = _saved / "site", capsys
    capsys.readouterr()
    yield site
    for name in ("site/data", "tree"):
        shutil.rmtree(_saved / name)
        shutil.copytree(_saved.with_name("kept") / name, _saved / name)


def make_names(folder: Path) -> None:
    folder.mkdir()
    for number, name in enumerate(NAMES):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"%d" % number)
    with (folder / "holes").open("wb") as stream:
        stream.truncate(8 * 1024 * 1024)
        stream.seek(4 * 1024 * 1024)
        stream.write(b"island")
    (folder / "link").symlink_to("nowhere")
    (folder / "run-as-owner").write_text("#!/bin/sh\n")
    os.chown(folder / "run-as-owner", 1234, 4321)
    (folder / "run-as-owner").chmod(0o4750)
    (folder / "empty").mkdir()
    (folder / "nothing").touch()


def lead_elsewhere(link: Path) -> None:
    link.unlink()
    link.symlink_to("/etc")


def tree_of(site: BackupSite) -> Path:
    return site.root.parent / "tree"


def restored(site: BackupSite, target: Path, *words: str) -> tuple[int, dict[str, Any]]:
    code, body = site.call("backup", "restore", SYSTEM, "--target", str(target), *words)
    return code, body


def database(path: Path, rows: int = 3) -> dict[str, Any]:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE pupils (name)")
        connection.executemany("INSERT INTO pupils VALUES (?)", [(f"pupil {each}",) for each in range(rows)])
    connection.close()
    return {"id": "database", "kind": "sqlite", "settings": {"path": str(path)}}


def contents(folder: Path) -> dict[bytes, bytes]:
    """Return what files below a folder hold, by their paths from it; links are left out."""
    found = [each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()]
    return {os.fsencode(each.relative_to(folder)): each.read_bytes() for each in found}


def largest_pack(site: BackupSite) -> Path:
    packs = [each for each in (site.root / "data" / "a" / "data").rglob("*") if each.is_file()]
    return max(packs, key=lambda each: each.stat().st_size)


def restic_words(site: BackupSite, *words: str) -> None:
    restic = site.restic("a")
    environment = os.environ | {"RESTIC_PASSWORD": "correct horse"}
    subprocess.run(
        [restic.doors.program.path, "-r", restic.repository.location.path, *words],
        env=environment,
        check=True,
        capture_output=True,
    )


def test_a_system_comes_back_and_is_proved_file_by_file(saved: BackupSite, tmp_path: Path) -> None:
    out, back = tmp_path / "out", tmp_path / "back.db"
    code, body = restored(saved, out, "--load", f"database={back}")
    assert (code, body["verdict"]) == (0, "ok"), body
    assert len(body["trusted"]) == 2
    web, dump = (next(each for each in body["sources"] if each["source"] == name) for name in ("web", "database"))
    assert (web["files"], web["unproved"], web["differences"]) == (20 + len(NAMES) + 3, 0, {})
    for name in ("tree", "names"):
        folder = saved.root.parent / name
        assert contents(out / "web" / str(folder).lstrip("/")) == contents(folder)
    assert (out / "web" / str(saved.root.parent).lstrip("/") / "names" / "link").is_symlink()
    assert dump["loaded"]["verdict"] == "ok"
    with sqlite3.connect(back) as connection:
        assert connection.execute("SELECT count(*) FROM pupils").fetchone() == (1000,)
    connection.close()
    assert sorted(each.name for each in out.iterdir()) == ["database", "web"]
    _code, entries = saved.call("evidence", "list")
    assert "backup.restore/1" in json.dumps(entries)


@pytest.mark.parametrize(
    ("harm", "verdict", "counted"),
    [
        (lambda folder: (folder / "run-as-owner").chmod(0o755), "partial", {"rights": 1}),
        (lambda folder: os.lchown(folder / "link", 1, 1), "partial", {"rights": 1}),
        (lambda folder: (folder / "empty").chmod(0o777), "partial", {"rights": 1}),
        (lambda folder: lead_elsewhere(folder / "link"), "damaged", {"different": 1}),
    ],
)
def test_rights_owners_and_where_links_lead_are_compared(
    saved: BackupSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: Callable[[Path], object],
    verdict: str,
    counted: dict[str, int],
) -> None:
    """What restic itself brings back wrongly is done here by a hand that reaches in."""
    real = walked
    names = tmp_path / "out" / "web" / str(saved.root.parent / "names").lstrip("/")

    def disturbed(root: Path) -> Any:
        if names.is_dir():
            harm(names)
        return real(root)

    code, body = restored(saved, tmp_path / "good", "--source", "web")
    assert (code, body["sources"][0]["rights"]) == (0, 0), body
    kept = (tmp_path / "good" / "web" / str(saved.root.parent / "names").lstrip("/") / "run-as-owner").stat()
    assert (kept.st_mode & 0o7777, kept.st_uid, kept.st_gid) == (0o4750, 1234, 4321)
    monkeypatch.setattr("sec_ops.backup.restoring.files.walked", disturbed)
    code, body = restored(saved, tmp_path / "out", "--source", "web")
    assert (code != 0, body["verdict"]) == (True, verdict), body
    assert {each: body["sources"][0][each] for each in counted} == counted


@pytest.mark.parametrize("name", [b"*", b"\xff\xfe not UTF-8"])
def test_one_file_is_that_file_alone(saved: BackupSite, tmp_path: Path, name: bytes) -> None:
    wanted = os.fsdecode(os.fsencode(saved.root.parent / "names") + b"/" + name)
    code, body = restored(saved, tmp_path / "out", "--path", wanted)
    assert (code, [each["files"] for each in body["sources"]]) == (0, [1]), body
    assert list(contents(tmp_path / "out" / "web").values()) == [b"%d" % NAMES.index(name)]


def test_a_path_that_is_not_there_is_a_failure(saved: BackupSite, tmp_path: Path) -> None:
    code, body = restored(saved, tmp_path / "out", "--path", "/no/such", "--source", "web")
    assert (code, body["verdict"]) == (5, "failed")
    assert body["next"]


def test_a_file_that_was_repaired_away_is_found(saved: BackupSite, tmp_path: Path) -> None:
    largest_pack(saved).unlink()
    restic_words(saved, "repair", "index")
    restic_words(saved, "repair", "snapshots", "--forget")
    code, body = saved.call("backup", "verify", "a", "--read", "all")
    (verified,) = body["repositories"]
    assert verified["structure"]["verdict"] == "ok"
    assert (code, verified["verdict"]) == (5, "damaged")
    assert any(str(tree_of(saved)) in path for path in verified["paths"]), verified
    assert verified["next"]
    code, body = restored(saved, tmp_path / "out", "--source", "web")
    assert (code, body["verdict"]) == (5, "damaged")
    assert body["sources"][0]["missing"] + body["sources"][0]["different"] >= 1


def test_a_flipped_byte_is_found_by_reading_and_by_restoring(saved: BackupSite, tmp_path: Path) -> None:
    pack = largest_pack(saved)
    pack.chmod(0o600)
    with pack.open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"\0" * 64)
    assert saved.call("backup", "verify", "a", "--read", "none")[0] == 0
    code, body = saved.call("backup", "verify", "a", "--read", "all")
    (verified,) = body["repositories"]
    assert (code, verified["verdict"]) == (5, "damaged")
    assert verified["next"]
    code, body = restored(saved, tmp_path / "out", "--source", "web")
    assert (code, body["verdict"]) == (5, "damaged")
    assert body["sources"][0]["missing"] + body["sources"][0]["different"] >= 1


def test_a_lost_pack_is_found_though_backups_go_on(saved: BackupSite, tmp_path: Path) -> None:
    """Restic saves on top of it as if nothing were amiss: only verifying and restoring tell."""
    largest_pack(saved).unlink()
    code, body = saved.call("backup", "run", SYSTEM)
    assert (code, body["systems"][0]["verdict"]) == (0, "ok")
    code, body = saved.call("backup", "verify", "a", "--read", "none")
    (verified,) = body["repositories"]
    assert (code, verified["verdict"]) == (5, "damaged")
    assert verified["next"]
    code, body = saved.call("backup", "status", SYSTEM)
    assert code != 0
    code, body = restored(saved, tmp_path / "out", "--source", "web")
    assert (code, body["verdict"]) == (5, "damaged")
    assert body["next"]


def test_a_change_of_one_row_is_found(saved: BackupSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recount = Sqlite.recount

    def altered(self: Sqlite, order: Any, into: str) -> Any:
        with sqlite3.connect(into) as connection:
            connection.execute("UPDATE pupils SET name = 'Pupil 500' WHERE name = 'pupil 500'")
        connection.close()
        return recount(self, order, into)

    monkeypatch.setattr(Sqlite, "recount", altered)
    words = ("--source", "database", "--load", f"database={tmp_path}/back.db")
    code, body = restored(saved, tmp_path / "out", *words)
    (source,) = body["sources"]
    assert (code, source["loaded"]["verdict"]) == (5, "damaged")
    assert "pupils: as many rows, but not the same" in source["loaded"]["why"]


def test_in_place_needs_the_system_s_name(saved: BackupSite, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tree_of(saved)
    before = contents(tree)
    (tree / "file-000").write_bytes(b"encrypted")
    (tree / "file-001").unlink()
    for words in ([], ["--confirm", "records"], ["--confirm", SYSTEM, "--target", "/tmp/x"]):
        assert saved.call("backup", "restore", SYSTEM, "--in-place", *words)[0] == 2
    words = ["backup", "restore", SYSTEM, "--source", "web", "--in-place", "--confirm", SYSTEM]
    with monkeypatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: "elsewhere")
        assert saved.call(*words)[0] == 2
    assert (tree / "file-000").read_bytes() == b"encrypted"
    code, body = saved.call(*words)
    assert (code, body["verdict"], body["target"]) == (0, "ok", "/"), body
    assert contents(tree) == before


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_or_used_target_is_told(saved: BackupSite, small: Path) -> None:
    code, body = restored(saved, small / "out")
    assert (code, body["verdict"], body["sources"]) == (5, "full", [])
    assert body["next"]
    code, body = restored(saved, small / "more", "--path", str(tree_of(saved)))
    assert (code, body["verdict"]) == (5, "full"), body
    assert restored(saved, tree_of(saved))[0] == 2


def test_a_manifest_signed_by_a_stranger_is_not_believed(saved: BackupSite, tmp_path: Path) -> None:
    """A site that has the repository and not the log: only paper says whose signature it is."""
    stranger = BackupSite(tmp_path / "stranger", saved._capsys)
    assert main(["init", str(tmp_path / "other")]) == 0
    shutil.rmtree(stranger.root / "var" / "evidence")
    shutil.copytree(tmp_path / "other" / "var" / "evidence", stranger.root / "var" / "evidence")
    shutil.copytree(saved.root / "data", stranger.root / "data")
    stranger.repository("a")
    words = ("--repository", "a", "--source", "database")
    code, body = restored(stranger, tmp_path / "out", *words)
    assert (code, body["verdict"], body["trusted"]) == (3, "partial", [])
    assert "--trust" in body["next"]
    key = next(iter(believed_keys(saved.root / "var" / "evidence")))
    code, body = restored(stranger, tmp_path / "out2", *words, "--trust", key.upper())
    assert (code, body["trusted"]) == (0, [key])


def test_a_restore_that_was_killed_goes_on_in_its_folder(saved: BackupSite, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["--site", str(saved.root), "backup", "restore", SYSTEM, "--target", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "sec_ops", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 60
    while not (out / "web").exists() and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    code, body = restored(saved, out)
    assert (code, body["verdict"]) == (0, "ok"), body
    assert contents(out / "web" / str(tree_of(saved)).lstrip("/")) == contents(tree_of(saved))


def test_verifying_reads_another_share_each_time(saved: BackupSite) -> None:
    code, body = saved.call("backup", "verify", "a")
    (verified,) = body["repositories"]
    assert (code, verified["verdict"], len(verified["points"])) == (0, "ok", 1)
    _code, body = saved.call("backup", "verify", "a", "--every-point")
    shares = [int(each["read"].split("/")[0]) for each in (verified, body["repositories"][0])]
    assert shares[1] == shares[0] % 12 + 1
    assert saved.call("backup", "verify", "a", "--read", "13/12")[0] == 2
    assert saved.shown("backup", "verify", "a", "--read", "none", language="zh")[0] == 0


def test_a_repository_without_a_point_proves_nothing(
    tmp_path: Path, restic: Restic, capsys: pytest.CaptureFixture[str]
) -> None:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", Path(restic.repository.location.path))
    code, body = site.call("backup", "verify")
    assert (code, body["repositories"][0]["verdict"]) == (3, "partial")
