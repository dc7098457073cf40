"""A fresh log for every test, copied from one that was made once."""

import secrets
import shutil
from pathlib import Path

import pytest

from sec_ops.evidence.keys import Anchor
from sec_ops.evidence.log import init_log
from sec_ops.transport.process import run_program
from tests.unit.evidence.support import ORIGIN, ToldClock


@pytest.fixture(scope="session")
def made_log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Anchor]:
    folder = tmp_path_factory.mktemp("made") / "evidence"
    anchor = init_log(folder, origin=ORIGIN, clock=ToldClock(), randomness=secrets.token_bytes, run_program=run_program)
    return folder, anchor


@pytest.fixture
def folder(made_log: tuple[Path, Anchor], tmp_path: Path) -> Path:
    """Return the folder of a log with its three first entries and one checkpoint."""
    return Path(shutil.copytree(made_log[0], tmp_path / "evidence"))


@pytest.fixture
def trust(made_log: tuple[Path, Anchor]) -> tuple[str, ...]:
    """Return the fingerprints on the made log's paper."""
    return tuple(key.fingerprint for key in made_log[1].keys)
