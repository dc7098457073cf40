"""`logs status --verify`: raw records that were touched are told, with exit code 6."""

import json
from pathlib import Path

import pytest

from sec_ops.cli.main import run
from sec_ops.model.outcome import Outcome


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    assert run(["init", str(root)]) == 0
    log = tmp_path / "dpkg.log"
    log.write_text("2026-11-26 01:02:03 install busybox:amd64 <none> 1:1.35.0-4\n" * 50)
    assert run(["--site", str(root), "logs", "import", str(log)]) == 0
    return root


def verified(site: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    capsys.readouterr()
    code = run(["--site", str(site), "logs", "status", "--verify", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_untouched_records_add_up(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, body = verified(site, capsys)
    assert (code, body["records"], body["faults"]) == (0, 50, [])
    assert body["seals"], "an import seals what it took"


def test_a_changed_record_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (segment,) = (site / "var" / "logs" / "raw").glob("*/*.zst")
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    code, body = verified(site, capsys)
    assert code == Outcome.EVIDENCE_BROKEN
    assert body["faults"]


def test_a_segment_taken_away_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (segment,) = (site / "var" / "logs" / "raw").glob("*/*.zst")
    segment.unlink()
    code, body = verified(site, capsys)
    assert code == Outcome.EVIDENCE_BROKEN
    assert body["faults"]
