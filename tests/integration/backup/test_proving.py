"""Manifests by real restic: what is saved is what is listed, whatever the names and whoever writes meanwhile."""

import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePath
from random import Random
from threading import Event, Thread

import pytest

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.proving.listing import CHANGED, UNREAD
from sec_ops.backup.proving.manifest import Listing
from sec_ops.backup.proving.saving import Proved, Saving, save_part
from sec_ops.backup.proving.waiting import waiting_manifest
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.events import Node
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.backup.restic.results import Result
from sec_ops.backup.source import Part
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock

pytestmark = pytest.mark.integration


def saved(restic: Restic, folder: Path, *paths: Path, run: str = "1", excludes: tuple[str, ...] = ()) -> Proved:
    part = Part(name="files", paths=[PurePath(each) for each in paths])
    tags = ["system:s", "source:web", "part:files", f"run:{run}"]
    request = BackupRequest(host="h", tags=tags, paths=part.paths, excludes=excludes)
    saving = Saving(
        source="web", part=part, request=request, doors=LocalDoors(clock=SystemClock()), folder=folder / "digests"
    )
    return save_part(saving, restic)


def listed(proved: Proved) -> dict[object, tuple[str, int, str | None]]:
    assert proved.lines
    rows = [json.loads(line) for line in proved.lines.read_bytes().splitlines()]
    return {path if isinstance(path, str) else path[0]: (kind, size, digest) for path, kind, size, digest, *_ in rows}


def listing(proved: Proved) -> Listing:
    assert proved.fault is None
    assert proved.part
    assert proved.part.listing
    return proved.part.listing


def test_files_are_hashed_while_they_are_saved_and_taken_over_when_nothing_changed(restic, tree, tmp_path):
    first = saved(restic, tmp_path, tree)
    rows = listed(first)
    for path in tree.iterdir():
        assert rows[str(path)] == ("file", 200_000, sha256(path.read_bytes()).hexdigest())
    assert listing(first).files == 20
    second = saved(restic, tmp_path, tree, run="2")
    assert second.result.summary
    assert second.result.summary.files_unmodified == 20
    assert listing(second) == listing(first)
    assert second.part
    assert second.part.reused > 10


def really_listed(restic: Restic, folder: Path, *paths: Path) -> list[bytes]:
    """Return the lines of a listing that restic itself told."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sec_ops.backup.proving.saving.still", lambda *_args, **_more: False)
        proved = saved(restic, folder, *paths)
    assert proved.lines
    return proved.lines.read_bytes().splitlines()


def change(folder: Path) -> None:
    """Edit, add, remove and move in a tree, then let it rest."""
    (folder / "deep" / "a.txt").write_bytes(b"edited")
    (folder / "deep" / "new").symlink_to("/nowhere")
    (folder / "file-003").unlink()
    (folder / "deep" / "b").rename(folder / "deep" / "c")
    time.sleep(0.1)


def test_of_a_tree_at_rest_the_listing_is_what_restic_would_list_without_asking_it(restic, tree, tmp_path, monkeypatch):
    (tree / "deep" / "b" / "empty").mkdir(parents=True)
    for name in ("deep/a.txt", "deep/b/z", "deep/b-", "deep/\n\t 学生"):
        (tree / name).write_bytes(name.encode())
    (tree / "deep" / "link").symlink_to("a.txt")
    os.mkfifo(tree / "deep" / "fifo")
    alone = tmp_path / "alone"
    alone.write_bytes(b"alone")
    (tree / "deep" / "a.txt").chmod(0o4711)
    os.chown(tree / "deep" / "link", 7, 8, follow_symlinks=False)
    time.sleep(0.1)
    proofs = []
    for run, change_it in (("1", None), ("2", change), ("3", None)):
        if change_it:
            change_it(tree)
        with monkeypatch.context() as patched:
            patched.setattr(Restic, "ls", lambda *_args, **_more: pytest.fail("restic was asked"))
            proved = saved(restic, tmp_path, tree, alone, run=run)
        listing(proved)
        assert proved.lines
        lines = sorted(proved.lines.read_bytes().splitlines())
        assert lines == sorted(really_listed(restic, tmp_path / f"apart-{run}", tree, alone))
        proofs.append(proved)
    assert listing(proofs[2]) == listing(proofs[1]) != listing(proofs[0])
    assert proofs[1].part
    assert proofs[1].part.reused > 15


def test_where_patterns_leave_out_links_nobody_guesses(restic, tree, tmp_path):
    (tree / "kept").symlink_to("x")
    (tree / "left").symlink_to("x")
    time.sleep(0.1)
    proved = saved(restic, tmp_path, tree, excludes=("left",))
    names = {Path(str(path)).name for path in listed(proved)}
    assert ("kept" in names, "left" in names) == (True, False)


def test_a_listing_that_broke_off_takes_nothing_away(restic, tree, tmp_path, monkeypatch):
    first = saved(restic, tmp_path, tree)
    assert first.lines
    lines = first.lines.read_bytes()
    late = time.time_ns() + 10**9  # as if all had changed while it was saved
    os.utime(tree / "file-001", ns=(late, late))
    with monkeypatch.context() as patched:
        patched.setattr("sec_ops.backup.proving.saving.still", lambda *_args, **_more: False)
        patched.setattr(Restic, "ls", broken_ls)
        assert saved(restic, tmp_path, tree, run="2").fault
    assert first.lines.read_bytes() == lines
    assert listing(saved(restic, tmp_path, tree, run="3")).files == 20


def broken_ls(restic: Restic, snapshot: str, *, on_node: Callable[[Node], None]) -> Result:
    REAL_LS(restic, snapshot, on_node=on_node)
    return Result(judged=Judged(verdict=Verdict.INTERRUPTED, what=message("the line broke")))


REAL_LS = Restic.ls


class Writers:
    """Threads that append, rewrite, replace, rename, make and remove files of a folder, as fast as they can."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._random = folder, Random(seed)
        self._ended = Event()
        self._threads = [Thread(target=self._work, args=(Random(seed + each),)) for each in range(2)]

    def __enter__(self) -> None:
        for each in self._threads:
            each.start()

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for each in self._threads:
            each.join()

    def _work(self, random: Random) -> None:
        while not self._ended.is_set():
            path = self._folder / f"file-{random.randrange(40):03}"
            with suppress(FileNotFoundError):
                random.choice([self._append, self._rewrite, self._replace, self._rename, self._flip, self._remove])(
                    path
                )
            # Without it nothing would ever rest, and nothing could be proved.
            self._ended.wait(random.choice([0, 0, 0.001, 0.05]))

    def _append(self, path: Path) -> None:
        with path.open("ab") as stream:
            stream.write(os.urandom(self._random.randrange(1, 5000)))

    def _rewrite(self, path: Path) -> None:
        path.write_bytes(os.urandom(self._random.randrange(300_000)))

    def _replace(self, path: Path) -> None:
        draft = path.with_name(f".{path.name}.{self._random.random()}")
        draft.write_bytes(os.urandom(50_000))
        draft.rename(path)

    def _flip(self, path: Path) -> None:
        """Change bytes within, and put the time of change of content back, as some programs do."""
        seen = path.stat()
        with path.open("r+b") as stream:
            stream.seek(seen.st_size // 2)
            stream.write(os.urandom(10))
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    def _rename(self, path: Path) -> None:
        path.rename(self._folder / f"file-{self._random.randrange(40):03}")

    def _remove(self, path: Path) -> None:
        path.unlink()


def held(restic: Restic, snapshot: str) -> dict[str, str]:
    """Return the digests of what a snapshot really holds, read back from the repository."""
    data = io.BytesIO()
    assert restic.dump(snapshot, "/", on_bytes=data.write).judged.good
    data.seek(0)
    with tarfile.open(fileobj=data) as archive:
        return {
            f"/{each.name}": sha256(archive.extractfile(each).read()).hexdigest()  # type: ignore[union-attr]
            for each in archive
            if each.isfile()
        }


@pytest.mark.parametrize("runs", [4, pytest.param(50, marks=pytest.mark.heavy)])
def test_under_write_load_no_digest_is_another_than_what_was_saved(restic, grow, tmp_path, runs):
    folder = grow(tmp_path / "busy", files=40)
    still = grow(tmp_path / "still", files=5, seed=9)
    time.sleep(0.1)  # what was written a moment before a backup is taken as changing
    proved = changed = 0
    with Writers(folder, seed=runs):
        for number in range(runs):
            saving = saved(restic, tmp_path, folder, still, run=str(number))
            assert saving.part
            rows = {path: (size, digest) for path, (kind, size, digest) in listed(saving).items() if kind == "file"}
            there = held(restic, saving.part.snapshot)
            assert set(rows) == set(there)
            for path, (_size, digest) in rows.items():
                if digest in (CHANGED, UNREAD):
                    changed += 1
                    assert str(still) not in str(path)
                else:
                    proved += 1
                    assert digest == there[str(path)], (path, number)
    assert proved >= runs * 5
    assert changed > 0


def test_a_waiting_manifest_is_saved_only_when_it_is_filled(restic, tmp_path):
    data = os.urandom(300_000)
    (tmp_path / "manifest").write_bytes(data)
    tags = ["system:s", "run:1", "part:manifest"]
    with waiting_manifest(restic, host="h", tags=tags, folder=tmp_path):
        pass
    with waiting_manifest(restic, host="h", tags=tags, folder=tmp_path) as waiting:
        assert waiting.fill(["system:s", "run:1", "part:other"], tmp_path / "manifest") is None
    assert restic.snapshots().snapshots == ()
    with waiting_manifest(restic, host="h", tags=tags, folder=tmp_path) as waiting:
        result = waiting.fill(tags, tmp_path / "manifest")
    assert result
    assert result.summary
    read = io.BytesIO()
    assert restic.dump(result.summary.snapshot_id, "/manifest.json", on_bytes=read.write).judged.good
    assert read.getvalue() == data


KILLED = """
import os, signal, sys
from pathlib import Path
from sec_ops.backup.proving.waiting import waiting_manifest
from tests.servers.restic import make_repository, make_restic
folder = Path(sys.argv[1])
restic = make_restic(make_repository(folder / "a"), folder)
with waiting_manifest(restic, host="h", tags=["x"], folder=folder) as waiting:
    print("waits", flush=True)
    sys.stdin.readline()
    (folder / "half").write_bytes(b"half a manifest")
    os.write(waiting._writing, b"half a manifest")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_manifest_whose_run_is_killed_is_no_snapshot_and_leaves_nobody_waiting(restic, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "waits\n"
    time.sleep(1)
    process.communicate("\n")
    end = time.monotonic() + 60
    while restic.locks().locks and time.monotonic() < end:
        restic.unlock()
        time.sleep(0.2)
    assert restic.snapshots().snapshots == ()
