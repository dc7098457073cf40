"""`logs pull` where there is nothing to pull."""

import json
from pathlib import Path

import pytest

from sec_ops.cli.main import run


def test_a_site_that_fetches_nothing_has_a_schedule_that_does_not_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    capsys.readouterr()
    assert run(["--site", str(root), "logs", "pull", "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["hosts"] == []
    assert "log_sources" in told.err
    assert not (root / "var" / "runs").exists()
