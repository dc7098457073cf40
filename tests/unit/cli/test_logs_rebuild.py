"""`logs rebuild` as a person comes to it: a search and the status name it, it says what it found, and seals it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sec_ops.cli.failure import warn
from sec_ops.cli.main import run
from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome

LINES = 50


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    log = tmp_path / "dpkg.log"
    log.write_text("2026-11-26 01:02:03 install busybox:amd64 <none> 1:1.35.0-4\n" * LINES)
    assert run(["--site", str(root), "logs", "import", str(log)]) == 0
    return root


def told(site: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(["--site", str(site), "logs", *words])
    out, err = capsys.readouterr()
    return code, out, err


def document(site: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code, out, _err = told(site, capsys, *words, "--json")
    return code, json.loads(out)


def parquet(site: Path) -> Path:
    (path,) = (site / "var/logs/events").rglob("*.parquet")
    return path


def test_from_the_damage_to_the_answer(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _code, before, _err = told(site, capsys, "search", "--format", "json")
    parquet(site).write_bytes(parquet(site).read_bytes()[:-100])
    code, out, err = told(site, capsys, "search")
    assert (code, out) == (Outcome.ENGINE, "")
    assert "sec-ops logs rebuild" in err
    code, _out, err = told(site, capsys, "search", "--count")
    assert code == Outcome.INCOMPLETE, "the count is the manifest's; that the events can't be had is told"
    assert "sec-ops logs rebuild" in err
    code, out, _err = told(site, capsys, "status")
    assert code == Outcome.INCOMPLETE
    assert "sec-ops logs rebuild" in out
    assert parquet(site).name in out
    code, looked = document(site, capsys, "rebuild", "--dry-run")
    assert (code, looked["lost"], looked["rebuilt"], looked["entry"]) == (Outcome.INCOMPLETE, LINES, 0, None)
    assert [each["fault"] for each in looked["files"]] == ["size"]
    code, done = document(site, capsys, "rebuild")
    assert code == 0
    assert (done["lost"], done["rebuilt"], done["lacking"], done["raw_losses"]) == (LINES, LINES, 0, [])
    assert done["days"] == [{"dataset": "dpkg", "day": "2026-11-25", "lost": LINES, "rebuilt": LINES}]
    capsys.readouterr()
    assert run(["--site", str(site), "evidence", "show", str(done["entry"])]) == 0
    assert "logs.rebuilt/1" in capsys.readouterr().out
    code, after, err = told(site, capsys, "search", "--format", "json")
    assert (code, after, err) == (0, before, "")
    code, out, _err = told(site, capsys, "rebuild", "--lang", "zh")
    assert code == 0
    assert "每个事件文件均与写入时一致" in out


def test_damaged_raw_records_are_told_with_their_place(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet(site).unlink()
    (segment,) = (site / "var/logs/raw").glob("*/*.zst")
    segment.unlink()
    code, body = document(site, capsys, "rebuild")
    assert code == Outcome.EVIDENCE_BROKEN
    assert body["outcome"] == ["evidence_broken", "incomplete"]
    assert (body["rebuilt"], body["lacking"]) == (0, LINES)
    assert [(each["path"], each["reason"]) for each in body["raw_losses"]] == [(str(segment), "gone")]
    code, out, err = told(site, capsys, "status")
    assert code == Outcome.INCOMPLETE
    assert "sec-ops logs rebuild" in out + err
    code, status = document(site, capsys, "status")
    assert status["damaged"] == {"files": [], "events_lacking": LINES}
    code, _out, err = told(site, capsys, "search", "--count")
    assert code == Outcome.INCOMPLETE
    assert str(LINES) in err


def test_the_check_of_the_records_checks_the_event_files_too(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, body = document(site, capsys, "status", "--verify")
    assert (code, body["event_files"], body["damaged_event_files"]) == (0, 1, [])
    data = bytearray(parquet(site).read_bytes())
    data[len(data) // 2] ^= 1
    parquet(site).write_bytes(data)
    code, body = document(site, capsys, "status", "--verify")
    assert code == Outcome.INCOMPLETE
    assert [each["fault"] for each in body["damaged_event_files"]] == ["changed"]
    _code, out, _err = told(site, capsys, "status", "--verify")
    assert "sec-ops logs rebuild" in out


def spoil(path: Path) -> None:
    """Change bytes of a file where no reader gets past them, and leave its size as it was."""
    data = bytearray(path.read_bytes())
    data[4 : len(data) - 8] = bytes(len(data) - 12)
    path.write_bytes(data)


def test_the_status_of_what_can_be_read_names_what_can_not(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = parquet(site)
    log = tmp_path / "other.log"
    log.write_text("2026-11-26 01:02:03 install zstd:amd64 <none> 1.5.4\n" * 3)
    assert run(["--site", str(site), "logs", "import", "--host", "web-1", str(log)]) == 0
    (whole,) = {*(site / "var/logs/events").rglob("*.parquet")} - {spoilt}
    spoil(spoilt)
    code, body = document(site, capsys, "status")
    assert code == Outcome.INCOMPLETE
    path = spoilt.relative_to(site / "var/logs/events")
    assert body["damaged"] == {"files": [str(path)], "events_lacking": LINES}
    assert [(each["host"], each["events"]) for each in body["unexpected"]] == [("web-1", 3)]
    code, out, err = told(site, capsys, "status")
    assert (code, "web-1" in out, str(path) in out) == (Outcome.INCOMPLETE, True, True)
    assert "sec-ops logs rebuild" in out
    code, out, err = told(site, capsys, "status", "--seal")
    assert (code, out) == (Outcome.ENGINE, "")
    assert "sec-ops logs rebuild" in err
    spoil(whole)
    code, body = document(site, capsys, "status")
    assert (code, len(body["damaged"]["files"]), body["unexpected"]) == (Outcome.INCOMPLETE, 2, [])
    assert document(site, capsys, "rebuild")[0] == 0
    code, body = document(site, capsys, "status")
    assert (code, body["damaged"], len(body["unexpected"])) == (0, {"files": [], "events_lacking": 0}, 2)


def test_what_goes_wrong_beside_the_work_names_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    warn(StorageError(message("gone"), advice=message("look for it")))
    assert "look for it" in capsys.readouterr().err


def test_a_lost_manifest(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _code, before, _err = told(site, capsys, "search", "--format", "json")
    for path in (site / "var/logs").glob("store.db*"):
        path.unlink()
    for words in (["search"], ["status"], ["retain"], ["hold", "list"]):
        code, _out, err = told(site, capsys, *words)
        assert code == Outcome.ENGINE
        assert "sec-ops logs rebuild" in err
    code, out, _err = told(site, capsys, "rebuild")
    assert code == 0
    assert "set-aside" in out
    assert told(site, capsys, "search", "--format", "json")[1] == before
    shutil.rmtree(site / "var/logs/set-aside")
    assert told(site, capsys, "rebuild")[0] == 0


def test_where_a_cluster_keeps_the_events_only_holds_are_restored(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configuration = site / "sec-ops.yml"
    cluster = "\nlogs:\n  store: elasticsearch\n  elasticsearch:\n    urls: [https://localhost:9]\n"
    configuration.write_text(configuration.read_text() + cluster)
    for path in (site / "var/logs").glob("store.db*"):
        path.unlink()
    assert told(site, capsys, "hold", "list")[0] == Outcome.ENGINE
    code, out, err = told(site, capsys, "rebuild", "--json")
    assert (code, json.loads(out)["rebuilt"]) == (0, 0)
    assert "cluster" in err
    assert told(site, capsys, "hold", "list")[0] == 0
