"""Which restic is run: beside Python first, never an old one."""

from pathlib import Path

import pytest

from sec_ops.backup.restic.program import find_restic
from sec_ops.model.errors import EngineError, ProgramFailed, ProgramMissing
from sec_ops.transport.process import run_program


def restic_that_says(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    program = folder / "restic"
    program.write_text(f"#!/bin/sh\necho '{text}'\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("restic 0.17.1 compiled with go1.22 on linux/amd64", (0, 17, 1)),
        ("restic 0.19.1-dev (compiled manually) compiled with go1.26", (0, 19, 1)),
        ("restic 1.0.0 compiled with go1.30", (1, 0, 0)),
    ],
)
def test_new_enough(tmp_path, text, version):
    folder = restic_that_says(tmp_path / "a", text)
    assert find_restic(run_program, beside=folder).version == version


@pytest.mark.parametrize("version", ["0.14.0", "0.17.0", "0.9.99"])
def test_too_old_is_told_in_plain_words(tmp_path, version):
    folder = restic_that_says(tmp_path / "a", f"restic {version} compiled with go1.19")
    with pytest.raises(EngineError, match=rf"{version} is too old.*0\.17\.1 is needed") as caught:
        find_restic(run_program, beside=folder)
    assert caught.value.advice


def test_none_and_one_that_tells_no_version(tmp_path):
    with pytest.raises(ProgramMissing):
        find_restic(run_program, beside=tmp_path, path=str(tmp_path))
    with pytest.raises(ProgramFailed):
        find_restic(run_program, beside=restic_that_says(tmp_path / "a", "hello"))


def test_beside_python_comes_before_the_path(tmp_path):
    mine = restic_that_says(tmp_path / "mine", "restic 0.18.0 compiled")
    other = restic_that_says(tmp_path / "other", "restic 0.14.0 compiled")
    assert find_restic(run_program, beside=mine, path=str(other)).path == str(mine / "restic")
    assert find_restic(run_program, beside=tmp_path, path=str(mine)).path == str(mine / "restic")
