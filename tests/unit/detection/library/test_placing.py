"""kill -9 in the middle of an import, again and again: a whole release is in force, the old or the new one."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sec_ops.detection.library import placing
from sec_ops.detection.library.files import IMPORTED
from sec_ops.detection.library.releases import release_files, releases
from sec_ops.model.errors import StorageError
from tests.unit.detection.library.placed import RELEASES
from tests.unit.detection.library.rules import release

ROOT = Path(__file__).parents[4]
_TO_LIVE_SECONDS = 0.25


def in_force(site: Path) -> str:
    (known,) = releases(site).releases
    found = release_files(site, known)
    assert not found.faults
    (title,) = {document.title for document in found.documents}
    assert len(found.documents) == len(RELEASES[title])
    return title


def test_killed_again_and_again(tmp_path: Path) -> None:
    release(tmp_path, "sigma", RELEASES["Old"])
    chance, seen, half_written = random.Random(5), set(), 0
    for _ in range(14):
        command = [sys.executable, "-m", "tests.unit.detection.library.placed", str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
            assert child.stdout
            child.stdout.read(1)
            time.sleep(chance.uniform(0, _TO_LIVE_SECONDS))
            child.kill()
        seen.add(in_force(tmp_path))
        half_written += sum(path.is_dir() for path in (tmp_path / IMPORTED / "sigma").iterdir()) > 1
    assert seen == {"Old", "New"}
    assert half_written
    release(tmp_path, "sigma", RELEASES["New"])
    assert [path.name for path in (tmp_path / IMPORTED / "sigma").iterdir() if path.is_dir()] == [
        releases(tmp_path).releases[0].folder
    ]


def test_a_full_disk_leaves_the_old_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release(tmp_path, "sigma", RELEASES["Old"])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "_write", full)
    with pytest.raises(StorageError):
        release(tmp_path, "sigma", RELEASES["New"])
    assert in_force(tmp_path) == "Old"


def test_a_release_replaced_while_it_is_read_is_read_as_the_new_one(tmp_path: Path) -> None:
    release(tmp_path, "sigma", RELEASES["Old"])
    (old,) = releases(tmp_path).releases
    release(tmp_path, "sigma", RELEASES["New"])
    found = release_files(tmp_path, old)
    assert {document.title for document in found.documents} == {"New"}
    assert not found.faults
