"""A site whose commands are called as a person calls them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run

Command = Callable[..., tuple[int, Any]]


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new site."""
    monkeypatch.setenv("LC_ALL", "C")
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    capsys.readouterr()
    return root


@pytest.fixture
def command(site: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command of the site; return its exit code and its JSON document."""

    def call(*words: object) -> tuple[int, Any]:
        capsys.readouterr()
        code = run(["--site", str(site), *map(str, words), "--json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return call
