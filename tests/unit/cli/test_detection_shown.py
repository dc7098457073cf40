"""What `logs status` says of live detection."""

import json
from pathlib import Path

import pytest

from sec_ops.cli.logs._detection_shown import detection_lines
from sec_ops.detection.live.standing import LiveStanding, read_standing, write_standing
from sec_ops.model.messages import message

NOW_MS = 1_795_680_000_000  # 2026-11-26 08:00 UTC
WELL = LiveStanding(since_ms=NOW_MS - 60_000, updated_ms=NOW_MS - 1_000, rules=90, correlations=10, events=5, alerts=2)


def lines(**more: object) -> list[str]:
    return list(detection_lines(LiveStanding(**{**WELL.document(), **more}), NOW_MS))


def test_what_is_well_is_one_line() -> None:
    assert lines() == ["live detection: 100 rules, 5 events judged since 2026-11-26 07:59, 2 alerts opened"]
    assert list(detection_lines(None, NOW_MS)) == []


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"updated_ms": NOW_MS - 600_000}, "without a word at 2026-11-26 07:50"),
        ({"trouble": message("the rules are broken")}, "trouble: the rules are broken"),
        ({"gap_since_ms": NOW_MS}, "sec-ops detect hunt --since 2026-11-25"),
        ({"not_used": {"late": 7}}, "too late to be correlated for certain: 7"),
        ({"not_used": {"points_dropped": 2, "groups_dropped": 1}}, "for lack of room: 3"),
    ],
)
def test_what_needs_somebody_is_a_line_more(more: dict[str, object], word: str) -> None:
    first, second = lines(**more)
    assert first.startswith("live detection: 100 rules")
    assert word in second


def test_one_that_ended_well_is_no_trouble() -> None:
    assert len(lines(updated_ms=NOW_MS - 600_000, ended_ms=NOW_MS - 600_000)) == 1


def test_the_standing_survives_its_file(tmp_path: Path) -> None:
    told = LiveStanding(since_ms=1, updated_ms=2, trouble=message("full: {path}", path="x"), not_used={"late": 1})
    write_standing(tmp_path, told)
    assert read_standing(tmp_path) == told
    path = tmp_path / "detection-live.json"
    for text in ("", "[]", "{}", json.dumps({"trouble": 5})):
        path.write_text(text)
        assert read_standing(tmp_path) is None
