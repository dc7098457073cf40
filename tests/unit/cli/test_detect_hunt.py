"""`sec-ops detect hunt`: what was imported is hunted, with the same answers as the files it came from."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.main import run
from sec_ops.detection.database import DATABASE, open_database
from sec_ops.detection.live.kept import Gap, GapReason, keep_gap, kept_gaps
from tests.unit.cli.test_detect_run import LOG, RULES, WINDOWS, titles

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEC_OPS_SITE", "site")
    (tmp_path / "rules.yml").write_text(RULES, encoding="utf-8")
    (tmp_path / "auth.log").write_text(LOG)
    event = {**WINDOWS, "SystemTime": "2026-11-20T01:02:03Z"}
    (tmp_path / "security.jsonl").write_text(json.dumps(event) + "\n")
    monkeypatch.delenv("SEC_OPS_SITE")
    assert run(["init", "site"]) == 0
    monkeypatch.setenv("SEC_OPS_SITE", "site")
    assert run(["logs", "import", "auth.log", "security.jsonl"]) == 0
    capsys.readouterr()

    def called(*words: str) -> tuple[int, Any]:
        code = run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return called


def test_hunting_and_running_agree(call: Call, tmp_path: Path):
    code, hunted = call("detect", "hunt", "--rule", "rules.yml", "--since", "400d")
    again, read = call("detect", "run", "--rules", "rules.yml", "auth.log", "security.jsonl")
    assert (code, again) == (1, 1)
    assert hunted["hits"] == read["hits"]
    assert hunted["events"] == read["events"] == 6
    assert sorted(titles(hunted)) == sorted(titles(read)) == ["A user who isn't there", "Guessing"]
    assert hunted["rules"] == {"loaded": 3, "cannot_fire": 0, "refused": 1}
    assert (tmp_path / "site" / "var" / "runs" / hunted["run"] / "findings.json").exists()
    kinds = [entry["kind"] for entry in call("evidence", "list")[1]["entries"]]
    assert "detection.run/1" in kinds


def test_hunting_twice_finds_nothing_new(call: Call):
    assert call("detect", "hunt", "--rule", "rules.yml", "--fail-on", "new")[0] == 1
    assert call("detect", "hunt", "--rule", "rules.yml", "--fail-on", "new")[0] == 0


def test_spans_and_rules_that_are_not_there(call: Call):
    code, found = call("detect", "hunt", "--rule", "rules.yml", "--until", "2026-11-19", "--no-keep")
    assert (code, found["events"], found["hits"]) == (0, 0, {})
    assert found["rules"]["cannot_fire"] == 2
    code, found = call("detect", "hunt", "--rule", "no-such-rule")
    assert code == 2
    assert "no-such-rule" in found["error"]["message"]


def test_a_hunt_with_all_rules_closes_the_gaps_of_live_detection_that_it_covers(call: Call, tmp_path: Path):
    now_ms = int(time.time() * 1000)
    since_ms = now_ms - 3_600_000
    gap = Gap(since_ms=since_ms, until_ms=now_ms - 60_000, reason=GapReason.NOT_READY, events=5)
    with closing(open_database(tmp_path / "site" / "var" / DATABASE)) as database:
        keep_gap(database, gap)
        call("detect", "hunt", "--rule", "rules.yml", "--since", "400d")
        call("detect", "hunt", "--since", "10m")
        call("detect", "hunt", "--since", "400d", "--no-keep")
        assert list(kept_gaps(database)) == [gap]
        call("detect", "hunt", "--since", "400d")
        assert list(kept_gaps(database)) == []
