"""Ctrl-C around a drill: whether anything was begun is told, and the interrupt goes on."""

from pathlib import Path

import pytest

from sec_ops.cli.drill._cut_short import telling_if_cut_short
from sec_ops.cli.main import run
from tests.drill_site import DrillSite

_NAME = "20261126T080000Z-drill-00000002"


def _interrupted(folder: Path, files: tuple[str, ...]) -> None:
    folder.mkdir()
    for each in files:
        (folder / each).touch()
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ((), "nothing of the drill was begun"),
        (("journal.jsonl",), "nothing of the drill was begun"),
        (("asked.json",), "was begun; it is sealed by: sec-ops drill list"),
        (("asked.json", "manifest.json"), f"is sealed: sec-ops drill show {_NAME}"),
    ],
)
def test_what_was_begun_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: tuple[str, ...], told: str
) -> None:
    earlier = tmp_path / "20261126T070000Z-drill-00000001"
    earlier.mkdir()
    (earlier / "asked.json").touch()
    with pytest.raises(KeyboardInterrupt), telling_if_cut_short(tmp_path):
        _interrupted(tmp_path / _NAME, files)
    shown = capsys.readouterr().err
    assert told in shown
    assert earlier.name not in shown


def test_a_drill_that_is_still_planned_says_that_nothing_was_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = DrillSite(tmp_path / "site", capsys)

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sec_ops.cli.drill._running.load_drills", interrupted)
    capsys.readouterr()
    assert run(["--lang", "zh", "--site", str(site.root), "drill", "run", "site-loss"]) == 130
    assert "演练尚未开始，因此没有记录" in capsys.readouterr().err
