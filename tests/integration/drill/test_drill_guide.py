"""The guide on drills, followed by somebody who types what it says, from where the tutorial on backups ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.running import exits, lines, run

pytestmark = pytest.mark.integration
_TUTORIAL = ROOT / "docs" / "tutorial" / "first-backup.en.md"
_GUIDE = ROOT / "docs" / "how-to" / "drill.md"
_ELSEWHERE = ("backup/recoveries/student-records.yml",)
"""Shown by the guide for another system."""


def _follow(page: Path, folder: Path, until: str = "") -> Iterator[str]:
    for language, words, text in blocks(page):
        _kind, _, place = words.partition(" ")
        if language == "yaml" and place and place not in _ELSEWHERE:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        if language != "console" or words == "setup":
            continue
        block = lines(text)
        for number, line in enumerate(block, 1):
            if until and until in line:
                return
            if line.startswith("cd "):
                folder = folder / line.removeprefix("cd ")
                continue
            done = run(line, folder)
            allowed = exits(words) if number == len(block) else {0}
            assert done.returncode in allowed, f"{line}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            yield line


def test_a_drill_is_planned_run_and_handed_in_by_the_guide_alone(tmp_path: Path) -> None:
    assert list(_follow(_TUTORIAL, tmp_path, until="backup verify"))
    site = tmp_path / "first-backup"
    typed = list(_follow(_GUIDE, site))
    assert any(line.startswith("sec-ops drill run") for line in typed)
    shown = json.loads(run("sec-ops drill show --json", site).stdout)
    assert (shown["verdict"], shown["isolated"]) == ("passed", True)
    (records,) = shown["systems"]
    assert [each["verdict"] for each in records["checks"]] == ["passed", "passed"]
    assert sum(records["phases"].values()) == records["rto_ms"]
    assert {each["source"]: (each["tables"], each["tables_proved"]) for each in records["sources"]}["database"] == (
        1,
        1,
    )
    assert [each["kind"] for each in shown["added"]][-1] == "sign_off"
    assert "20988" in (site / "drill-report.html").read_text(encoding="utf-8")
    assert (site / "drill.evz").is_file()
    proved = run("sec-ops evidence verify drill.evz", site)
    assert proved.returncode in (0, 3), proved.stdout + proved.stderr
    status = json.loads(run("sec-ops backup status school-records --json", site).stdout)
    assert status["systems"][0]["last_drill"]["state"] == "fresh"
