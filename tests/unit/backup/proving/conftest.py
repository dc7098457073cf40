"""A log whose keys sign manifests."""

import secrets
import shutil
from pathlib import Path

import pytest

from sec_ops.evidence.log import init_log
from sec_ops.transport.process import run_program
from tests.unit.evidence.support import ORIGIN, ToldClock


@pytest.fixture(scope="session")
def _made_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "evidence"
    init_log(folder, origin=ORIGIN, clock=ToldClock(), randomness=secrets.token_bytes, run_program=run_program)
    return folder


@pytest.fixture
def folder(_made_log: Path, tmp_path: Path) -> Path:
    """The folder of a fresh log."""
    return Path(shutil.copytree(_made_log, tmp_path / "evidence"))
