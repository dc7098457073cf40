"""When what restic told while it saved is taken for what is in the snapshot: never when anything moved meanwhile."""

import io
import json
import os
import stat
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from socket import AF_UNIX, socket

import pytest

from sec_ops.backup.proving.batches import hasher_words
from sec_ops.backup.proving.digests import Digests, Hashed, open_digests
from sec_ops.backup.proving.listing import Lines, still
from sec_ops.backup.proving.stillness import Stillness
from sec_ops.backup.proving.told import Told
from sec_ops.transport.dialogue import dialogue


def told_of(root: Path) -> list[str]:
    """Return a tree as restic tells it: what is in a folder first, then the folder, then those above."""
    found = [
        str(each) + "/" * (each.is_dir() and not each.is_symlink())
        for each in sorted(root.rglob("*"), reverse=True)
        if each.is_dir() or (each.is_file() and not each.is_symlink())
    ]
    return [*found, f"{root}/", *(f"{str(each).rstrip('/')}/" for each in root.parents if each != Path("/"))]


def kept(digests: Digests, told: list[str]) -> tuple[int, int]:
    """Keep the digests of the files that were told; return how many they are and their bytes."""
    files = [Path(each) for each in told if not each.endswith("/")]
    digests.keep((str(each), hashed(each)) for each in files)
    return len(files), sum(each.stat().st_size for each in files)


def hashed(path: Path) -> Hashed:
    seen = path.stat()
    identity = (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    rights = (stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid)
    return Hashed("", identity, sha256(path.read_bytes()).hexdigest(), rights)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree of all there is, below a folder of its own; beside it another one of the same names."""
    for name in ("above/root", "beside/root"):
        made = tmp_path / name
        (made / "a" / "empty").mkdir(parents=True)
        (made / "a" / "file").write_bytes(name.encode())
        (made / "a.txt").write_bytes(b"x" * 1000)
        (made / "学\n生").write_bytes(b"")
    made = tmp_path / "above" / "root"
    (made / "a" / "link").symlink_to("file")
    (made / "a" / "file").chmod(0o4640)
    (made / "a").chmod(0o2771)
    os.mkfifo(made / "fifo")
    with socket(AF_UNIX) as server:
        server.bind(os.path.relpath(made / "socket"))
    time.sleep(0.05)
    return made


def nothing(root: Path) -> None:
    """Leave everything."""


def swap(one: Path, other: Path) -> None:
    """Let two folders change their places."""
    between = one.with_name("between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


MOVED: dict[str, Callable[[Path], object]] = {
    "a file has other rights": lambda root: (root / "a.txt").chmod(0o600),
    "a pipe has another owner": lambda root: os.chown(root / "fifo", 5, 5),
    "a folder has other rights": lambda root: (root / "a" / "empty").chmod(0o700),
    "a folder above has other rights": lambda root: root.parent.chmod(0o711),
    "a file was written to": lambda root: (root / "a.txt").write_bytes(b"y" * 1000),
    "a file was made": lambda root: (root / "a" / "new").write_bytes(b""),
    "a file went": lambda root: (root / "a.txt").rename(root.parent / "a.txt"),
    "a link was made": lambda root: (root / "a" / "other").symlink_to("file"),
    "a folder became another": lambda root: swap(root / "a", root.parents[1] / "beside" / "root" / "a"),
    "the root became another": lambda root: swap(root, root.parents[1] / "beside" / "root"),
    "a folder above became another": lambda root: swap(root.parent, root.parents[1] / "beside"),
    "all went": lambda root: root.rename(root.with_name("gone")),
}


def written(root: Path, folder: Path, moves: Callable[[Path], object]) -> tuple[bool, list[list[object]]]:
    """List a tree as after a backup in which something moved before any file was hashed."""
    rested_ns = time.time_ns() - 20_000_000
    stillness, lines = Stillness([str(root)]), Lines(stream := io.BytesIO())
    told, digests = told_of(root), open_digests(folder / "x.db")
    with dialogue(hasher_words(sys.executable), deadline_seconds=60) as spoken:
        stillness.begin(spoken)
        files, size = len([each for each in told if not each.endswith("/")]), 0
        moves(root)
        if root.is_dir():
            _there, size = kept(digests, [each for each in told if each.endswith("/") or Path(each).is_file()])
        stillness.end(spoken, told)
    good = still(lines, digests, told, stillness, rested_ns=rested_ns, files=files, size=size)
    return good, [json.loads(each) for each in stream.getvalue().splitlines()]


def test_a_tree_at_rest_is_listed_whole_in_the_order_it_is_walked_in(root: Path, tmp_path: Path) -> None:
    good, rows = written(root, tmp_path, nothing)
    assert good
    below = [
        (str(path).removeprefix(str(root)), kind) for path, kind, *_rest in rows if str(path).startswith(str(root))
    ]
    assert below == [
        ("", "dir"),
        ("/a", "dir"),
        ("/a/empty", "dir"),
        ("/a/file", "file"),
        ("/a/link", "symlink"),
        ("/a.txt", "file"),
        ("/fifo", "fifo"),
        ("/学\n生", "file"),
    ]
    assert {str(path) for path, *_rest in rows[: len(rows) - len(below)]} == {str(each) for each in root.parents[:-1]}
    digests = {str(path): digest for path, kind, _size, digest, *_rights in rows if kind == "file"}
    assert digests == {path: sha256(Path(path).read_bytes()).hexdigest() for path in digests}
    for path, _kind, _size, _digest, *rights in rows:
        seen = Path(str(path)).lstat()
        assert rights == [stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid]
    assert [row[3] for row in rows if row[1] == "symlink"] == [sha256(b"file").hexdigest()]


@pytest.mark.parametrize("about", list(MOVED))
def test_what_moved_is_noticed(root: Path, tmp_path: Path, about: str) -> None:
    assert not written(root, tmp_path, MOVED[about])[0]


def test_above_the_roots_much_may_move(root: Path, tmp_path: Path) -> None:
    assert written(root, tmp_path, lambda root: (root.parent / "new").mkdir())[0]


@pytest.mark.parametrize(("files", "size"), [(4, 1010), (2, 1010), (3, 1011)])
def test_what_restic_counted_otherwise_is_not_taken(root: Path, tmp_path: Path, files: int, size: int) -> None:
    told, digests = told_of(root), open_digests(tmp_path / "x.db")
    assert kept(digests, told) == (3, 1010)
    at_rest = Stillness([str(root)], whole=True)
    lines = Lines(io.BytesIO())
    assert not still(lines, digests, told, at_rest, rested_ns=time.time_ns(), files=files, size=size)


def test_more_than_memory_shall_hold_goes_to_disk(tmp_path: Path) -> None:
    paths = [f"/{'x' * 200}/{number}" for number in range(100_000)]
    with Told(tmp_path) as told:
        for each in paths:
            told.add(each)
        assert list(told) == paths
        assert list(told) == paths
        assert told.whole
