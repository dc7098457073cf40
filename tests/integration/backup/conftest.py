"""A repository to begin with: made once, copied for each test, since making one costs a key derivation."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sec_ops.backup.restic.client import Restic
from tests.integration.backup.two_sites import _made_far, two
from tests.servers.restic import make_repository, make_restic

__all__ = ["_made_far", "two"]


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    assert make_restic(make_repository(folder / "a"), folder).init().judged.good
    return folder / "a"


@pytest.fixture
def restic(_made: Path, tmp_path: Path) -> Restic:
    """A fresh, empty repository `a` in the test's folder."""
    shutil.copytree(_made, tmp_path / "a")
    return make_restic(make_repository(tmp_path / "a"), tmp_path)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder of twenty files, 200 kB each, none like another."""
    return make_tree(tmp_path / "tree")


@pytest.fixture
def grow() -> Callable[[Path], Path]:
    """Fill a folder with the files of `tree`."""
    return make_tree


def make_tree(folder: Path, *, files: int = 20, size: int = 200_000, seed: int = 1) -> Path:
    import random

    source = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (folder / f"file-{number:03}").write_bytes(source.randbytes(size))
    return folder
