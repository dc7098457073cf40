"""`sec-ops logs status` as a person calls it."""

import shutil
from pathlib import Path

import pytest

from sec_ops.cli.main import run

EXAMPLE = Path(__file__).parents[3] / "inventory"


@pytest.mark.parametrize("words", [[], ["--json"], ["--jsonl"]])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_sources_of_which_nothing_ever_came_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, words: list[str]
) -> None:
    assert run(["init", str(tmp_path / "site")]) == 0
    shutil.rmtree(tmp_path / "site" / "inventory")
    shutil.copytree(EXAMPLE, tmp_path / "site" / "inventory")
    capsys.readouterr()
    code = run(["--site", str(tmp_path / "site"), "--lang", language, "logs", "status", *words])
    shown = capsys.readouterr()
    assert code == 3, shown.err
    assert "campus-card/sign-in@" in shown.out
    assert ("missing" if words or language == "en" else "从未到达") in shown.out
