"""Files saved out of a snapshot of their volume: Btrfs on a loop device, with everything that can go wrong."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import pytest

from sec_ops.backup.holding.still import Held
from tests.backup_site import BackupSite
from tests.integration.backup.test_remote_run import HOST, describe
from tests.servers.hosts import loopback_host
from tests.servers.restic import make_restic

SYSTEM = "student-records"
ROOT = Path(__file__).parents[3]


def _has_btrfs() -> bool:
    return "btrfs" in Path("/proc/filesystems").read_text() and bool(shutil.which("mkfs.btrfs"))


pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not _has_btrfs(), reason="no btrfs in this kernel, or no btrfs-progs"),
]


def ran(*words: str | PurePath) -> str:
    return subprocess.run([str(each) for each in words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A Btrfs of 400 MB."""
    image, top = tmp_path / "image", tmp_path / "volume"
    with image.open("wb") as file:
        file.truncate(400 * 1024 * 1024)
    top.mkdir()
    ran("mkfs.btrfs", "-q", image)
    ran("mount", "-o", "loop", image, top)
    try:
        yield top
    finally:
        for _ in range(50):
            if subprocess.run(["umount", top], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)


@pytest.fixture
def data(volume: Path, grow: Callable[[Path], Path]) -> Path:
    """A subvolume with files."""
    ran("btrfs", "subvolume", "create", volume / "data")
    return grow(volume / "data" / "records").parent


@pytest.fixture
def site(tmp_path: Path, _made: Path, capsys: pytest.CaptureFixture[str]) -> BackupSite:
    site = BackupSite(tmp_path / "site", capsys)
    site.repository("a", _made)
    return site


def plan(site: BackupSite, *paths: Path, **more: Any) -> None:
    settings = {"paths": [str(each) for each in paths], "volume_snapshot": {"kind": "btrfs"}, **more}
    site.plan(SYSTEM, [{"id": "files", "kind": "files", "settings": settings}])


def saved(site: BackupSite) -> tuple[int, dict[str, Any]]:
    code, body = site.call("backup", "run", SYSTEM)
    return code, body["systems"][0]


def left(volume: Path) -> list[str]:
    return [each for each in ran("btrfs", "subvolume", "list", volume).split() if "sec-ops" in each]


def restored(site: BackupSite, folder: Path) -> dict[str, Any]:
    code, body = site.call("backup", "restore", SYSTEM, "--target", str(folder))
    assert code == 0, body
    return dict(body)


def started(site: BackupSite) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "sec_ops", "--site", str(site.root), "backup", "run", SYSTEM, "--json"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, cwd=ROOT, stdout=quiet, stderr=quiet, start_new_session=True)


def until(ready: Callable[[], object], child: "subprocess.Popen[bytes]") -> None:
    while not ready() and child.poll() is None:
        time.sleep(0.002)


def test_files_are_saved_under_their_paths_and_nothing_is_left(
    site: BackupSite, volume: Path, data: Path, tmp_path: Path
) -> None:
    (data / "one-file").write_text("one")
    (data / "other").mkdir()
    plan(site, data / "records", data / "one-file")
    code, ran_ = saved(site)
    assert (code, ran_["verdict"]) == (0, "ok"), ran_
    assert left(volume) == []
    back = tmp_path / "back"
    assert restored(site, back)["sources"][0]["unproved"] == 0
    there = back / "files"
    assert (there / str((data / "one-file").relative_to("/"))).read_text() == "one"
    assert len(list((there / str((data / "records").relative_to("/"))).iterdir())) == 20
    assert not (there / str((data / "other").relative_to("/"))).exists()
    before = site.restic("a").snapshots().snapshots
    code, again = saved(site)
    assert (code, again["verdict"]) == (0, "ok")
    (first,) = [each for each in before if "part:files" in each.tags]
    (second,) = [each for each in site.restic("a").snapshots().snapshots if "part:files" in each.tags and each != first]
    assert list(first.paths) == list(second.paths) == sorted(map(str, (data / "one-file", data / "records")))


def test_what_is_written_meanwhile_is_not_in_it_and_nothing_changed_during_the_backup(
    site: BackupSite, volume: Path, data: Path, tmp_path: Path
) -> None:
    """Two files that are always rewritten as a pair come back as a pair of one moment, proved."""
    folder = data / "records"
    plan(site, data)
    for name in ("a-first", "z-last"):
        (folder / name).write_bytes(b"%012d" % 0)
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            for name in ("a-first", "z-last"):
                with (folder / name).open("r+b") as file:
                    file.write(b"%012d" % number)
                    file.flush()
                    os.fsync(file.fileno())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for turn in range(3):
            code, ran_ = saved(site)
            assert (code, ran_["verdict"]) == (0, "ok"), ran_
            back = tmp_path / f"back-{turn}"
            assert restored(site, back)["sources"][0]["unproved"] == 0
            pair = [(back / "files" / str((folder / name).relative_to("/"))) for name in ("a-first", "z-last")]
            first, last = (int(each.read_bytes()) for each in pair)
            assert first - last in (0, 1)
    finally:
        ended.set()
        writer.join()
    assert left(volume) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_takes_its_snapshot_away(site: BackupSite, volume: Path, data: Path, ending: int) -> None:
    fill(data)
    plan(site, data)
    child = started(site)
    until(lambda: left(volume), child)
    assert child.poll() is None
    child.send_signal(ending)
    assert child.wait(30) != 0
    assert left(volume) == []


def test_the_next_run_takes_away_what_a_killed_one_left(site: BackupSite, volume: Path, data: Path) -> None:
    fill(data)
    plan(site, data)
    child = started(site)
    until(lambda: left(volume), child)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert len(left(volume)) == 1
    ran("btrfs", "subvolume", "snapshot", "-r", data, data / ".sec-ops-000000000000-other")
    code, ran_ = saved(site)
    assert (code, ran_["verdict"]) == (0, "ok"), ran_
    assert [each.rpartition("-")[2] for each in left(volume)] == ["other"], "of other sources nothing is touched"


def test_a_snapshot_that_can_not_be_made_is_a_failed_run(site: BackupSite, volume: Path, data: Path) -> None:
    plan(site, data)
    ran("mount", "-o", "remount,ro", volume)
    code, ran_ = saved(site)
    assert (code, ran_["verdict"]) == (5, "failed"), ran_
    assert "snapshot" in str(ran_)
    assert not site.restic("a").snapshots().snapshots


def test_a_snapshot_that_did_not_hold_is_a_failed_run(
    site: BackupSite, volume: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hook stands for what a snapshot suffers: somebody makes it writable while it is read."""
    plan(site, data)
    check = Held.check

    def disturbed(held: Held) -> None:
        ran("btrfs", "property", "set", "-ts", held.volume.root / f".{held.name}", "ro", "false")
        check(held)

    monkeypatch.setattr(Held, "check", disturbed)
    code, ran_ = saved(site)
    assert (code, ran_["verdict"]) == (5, "failed"), ran_
    assert left(volume) == []


def test_a_view_that_can_not_be_made_is_a_failed_run(
    site: BackupSite, volume: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sec_ops.backup.holding.still._UNSHARE", ("unshare", "--mount", "--", "sh", "-c", "exit 32", "-")
    )
    plan(site, data)
    code, ran_ = saved(site)
    assert (code, ran_["verdict"]) == (5, "failed"), ran_
    assert left(volume) == []


def test_what_no_snapshot_would_hold_is_refused_and_not_left_out_in_silence(
    site: BackupSite, volume: Path, data: Path, tmp_path: Path
) -> None:
    def refused(*paths: Path, **more: Any) -> str:
        plan(site, *paths, **more)
        code, ran_ = saved(site)
        assert (code, ran_["verdict"]) == (5, "failed"), ran_
        return str(ran_)

    outside = tmp_path / "outside"
    outside.mkdir()
    (data / "link").symlink_to(data / "records")
    assert "lies on" in refused(outside)
    assert "link" in refused(data / "link")
    assert "not there" in refused(data / "nothing")
    ran("btrfs", "subvolume", "create", volume / "more")
    assert "several volumes" in refused(data / "records", volume / "more")
    ran("btrfs", "subvolume", "create", data / "records" / "inner")
    assert "inner" in refused(data)
    ran("btrfs", "subvolume", "delete", data / "records" / "inner")
    (data / "records" / "mounted").mkdir()
    ran("mount", "-t", "tmpfs", "none", data / "records" / "mounted")
    try:
        assert "mounted" in refused(data / "records")
        plan(site, data / "records", other_file_systems=False)
        assert saved(site)[0] == 0
    finally:
        ran("umount", data / "records" / "mounted")
    assert left(volume) == []


def test_unchanged_files_are_neither_read_nor_hashed_again(site: BackupSite, data: Path) -> None:
    plan(site, data)
    saved(site)
    saved(site)
    _code, body = site.call("evidence", "list")
    last = [each for each in body["entries"] if each["kind"] == "backup.run/1"][-1]
    part = last["data"]["sources"][0]["parts"][0]
    assert (part["files_new"], part["files_changed"], part["files_unmodified"]) == (0, 0, 20)
    assert part["bytes_packed"] < 20_000


def test_files_on_a_host_are_held_there(site: BackupSite, volume: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    with loopback_host(tmp_path / "host") as host:
        describe(site, host)
        repository = host.sftp.repository("far")
        assert make_restic(repository, tmp_path).init().judged.good
        access = {"identity_file": str(host.sftp.identity_file)}
        more: dict[str, Any] = {"location": repository.location.text, "known_hosts": str(host.sftp.known_hosts)}
        site.repository("far", **more | access | {"hosts": {HOST: access}})
        settings = {"paths": [str(data)], "volume_snapshot": {"kind": "btrfs"}}
        site.plan(SYSTEM, [{"id": "files", "kind": "files", "host": HOST, "settings": settings}], "far")
        code, ran_ = saved(site)
        assert (code, ran_["verdict"]) == (0, "ok"), ran_
        snapshots = make_restic(repository, tmp_path).snapshots().snapshots
        assert [list(each.paths) for each in snapshots if "part:files" in each.tags] == [[str(data)]]
    assert left(volume) == []


def test_settings_that_do_not_fit_are_told_before_anything_runs(site: BackupSite, data: Path) -> None:
    plan(site, data, volume_snapshot={"kind": "raid", "settings": {}})
    code, body = site.call("backup", "run", SYSTEM)
    assert code == 4
    assert "btrfs, lvm, zfs" in str(body)


def fill(data: Path) -> None:
    """Make reading it take a while."""
    for number in range(1500):
        (data / "records" / f"small-{number:04}").write_bytes(os.urandom(40_000))
