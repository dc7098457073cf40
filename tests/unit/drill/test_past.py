"""How a drill of the past stands today."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sec_ops.drill.past import LastDrill, Standing, last_of_scenario, last_of_system
from sec_ops.model.drill_scenario import Scenario
from sec_ops.model.evidence_drill import DrillRun

_NOW = datetime(2026, 11, 26, tzinfo=UTC)
_TEXT = {"zh": "演练", "en": "drill"}
_SCENARIO = Scenario.model_validate(
    {
        "id": "site-loss",
        "title": _TEXT,
        "aim": _TEXT,
        "kind": "site_loss",
        "lost_places": ["centre"],
        "systems": [{"id": "records"}],
        "fresh_days": 100,
    }
)


def _drill(day: str, verdict: str = "passed", part: str = "", **more: Any) -> DrillRun:
    whole = {
        "run": f"{day}-drill",
        "scenario": "site-loss",
        "rehearsed": "site_loss",
        "content_digest": "0" * 64,
        "started": f"{day}T08:00:00.000Z",
        "ended": f"{day}T09:00:00.000Z",
        "lost_at": f"{day}T08:00:00.000Z",
        "verdict": verdict,
        "systems": [{"id": "records", "verdict": part or verdict}],
    }
    return DrillRun.model_validate(whole | more)


def _stands(*drills: DrillRun) -> LastDrill:
    return last_of_system("records", drills, {"site-loss": _SCENARIO}, _NOW)


@pytest.mark.parametrize(
    ("drills", "standing", "run"),
    [
        ([], Standing.NEVER, None),
        ([_drill("2026-11-01")], Standing.FRESH, "2026-11-01-drill"),
        ([_drill("2026-01-01")], Standing.STALE, "2026-01-01-drill"),
        ([_drill("2026-11-01", "failed")], Standing.FAILED, "2026-11-01-drill"),
        ([_drill("2026-11-01", "failed", "passed")], Standing.FRESH, "2026-11-01-drill"),
        ([_drill("2026-11-01", "failed", "not_run")], Standing.FAILED, "2026-11-01-drill"),
        ([_drill("2026-01-01", "failed")], Standing.FAILED, "2026-01-01-drill"),
        ([_drill("2026-10-01", "failed"), _drill("2026-11-01")], Standing.FRESH, "2026-11-01-drill"),
        ([_drill("2026-10-01"), _drill("2026-11-01", "failed")], Standing.FAILED, "2026-11-01-drill"),
        ([_drill("2026-11-01", systems=[{"id": "web", "verdict": "passed"}])], Standing.NEVER, None),
        ([_drill("2026-11-01", rehearsed="file")], Standing.NEVER, None),
        ([_drill("2027-11-01")], Standing.FRESH, "2027-11-01-drill"),
        ([_drill("2026-01-01", scenario="gone")], Standing.FRESH, "2026-01-01-drill"),
        ([_drill("2025-01-01", scenario="gone")], Standing.STALE, "2025-01-01-drill"),
    ],
)
def test_systems(drills: list[DrillRun], standing: Standing, run: str | None) -> None:
    last = _stands(*drills)
    assert (last.standing, last.drill.run if last.drill else None) == (standing, run)
    assert last.age_ms is None if run is None else last.age_ms is not None and last.age_ms >= 0


def test_an_interrupted_drill_proves_nothing_either_way() -> None:
    only = _stands(_drill("2026-11-01", "interrupted"))
    assert (only.standing, only.drill) == (Standing.NEVER, None)
    assert only.cut_short is not None
    later = _stands(_drill("2026-10-01"), _drill("2026-11-01", "interrupted"))
    assert later.standing is Standing.FRESH
    assert later.cut_short is not None
    assert later.cut_short.run == "2026-11-01-drill"
    earlier = _stands(_drill("2026-10-01", "interrupted"), _drill("2026-11-01"))
    assert earlier.cut_short is None


def test_scenarios_stand_by_the_whole_drill() -> None:
    def stands(*drills: DrillRun) -> Standing:
        return last_of_scenario(_SCENARIO, drills, _NOW).standing

    assert stands() is Standing.NEVER
    assert stands(_drill("2026-11-01", scenario="other")) is Standing.NEVER
    assert stands(_drill("2026-11-01", "failed", "passed")) is Standing.FAILED
    assert stands(_drill("2026-11-01", systems=[])) is Standing.FRESH
    assert stands(_drill("2026-05-01")) is Standing.STALE
