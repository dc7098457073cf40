"""How drills of the past stand: never done, fresh, stale or failed, by key system and by scenario. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sec_ops.drill.judging.whole import aims_at_whole
from sec_ops.model.drill_scenario import Scenario
from sec_ops.model.evidence_drill import DrilledSystem, DrillRun

__all__ = ["FRESH_DAYS", "LastDrill", "Standing", "last_of_scenario", "last_of_system"]

FRESH_DAYS = 366
"""How long a drill of a scenario counts that is no longer laid down."""

_CUT_SHORT = "interrupted"


class Standing(StrEnum):
    """What a drill of the past is worth today."""

    NEVER = "never"
    FRESH = "fresh"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDrill:
    """The last drill that came to its end, its age in milliseconds, and the system's part in it.

    `cut_short` is a later one that was interrupted: it proves nothing either way.
    """

    standing: Standing
    drill: DrillRun | None = None
    system: DrilledSystem | None = None
    age_ms: int | None = None
    cut_short: DrillRun | None = None


def last_of_system(
    system: str, drills: Iterable[DrillRun], scenarios: Mapping[str, Scenario], now: datetime
) -> LastDrill:
    """Return how a key system stands; `drills` are sealed, oldest first, `now` is aware.

    Only drills that set out to bring it back whole count: one file or one table says nothing of the rest.
    """
    of_system = [
        (drill, each)
        for drill in drills
        for each in drill.systems
        if each.id == system and aims_at_whole(drill.rehearsed)
    ]
    ended = [(drill, each) for drill, each in of_system if drill.verdict != _CUT_SHORT]
    cut_short = _after([drill for drill, _each in of_system], ended[-1][0] if ended else None)
    if not ended:
        return LastDrill(standing=Standing.NEVER, cut_short=cut_short)
    drill, part = ended[-1]
    days = scenarios[drill.scenario].fresh_days if drill.scenario in scenarios else FRESH_DAYS
    standing = _standing(part.verdict == "passed", drill, days, now)
    return LastDrill(standing=standing, drill=drill, system=part, age_ms=_age_ms(drill, now), cut_short=cut_short)


def last_of_scenario(scenario: Scenario, drills: Iterable[DrillRun], now: datetime) -> LastDrill:
    """Return how a scenario stands, a table-top one too."""
    runs = [each for each in drills if each.scenario == scenario.id]
    ended = [each for each in runs if each.verdict != _CUT_SHORT]
    cut_short = _after(runs, ended[-1] if ended else None)
    if not ended:
        return LastDrill(standing=Standing.NEVER, cut_short=cut_short)
    drill = ended[-1]
    standing = _standing(drill.verdict == "passed", drill, scenario.fresh_days, now)
    return LastDrill(standing=standing, drill=drill, age_ms=_age_ms(drill, now), cut_short=cut_short)


def _standing(passed: bool, drill: DrillRun, fresh_days: int, now: datetime) -> Standing:  # noqa: FBT001 - a fact
    if not passed:
        return Standing.FAILED
    return Standing.FRESH if _age_ms(drill, now) <= fresh_days * 86_400_000 else Standing.STALE


def _after(drills: Sequence[DrillRun], ended: DrillRun | None) -> DrillRun | None:
    """Return the last drill when it came after the one that ended last."""
    return drills[-1] if drills and drills[-1] is not ended else None


def _age_ms(drill: DrillRun, now: datetime) -> int:
    """Return the age, none for one that a wrong clock dated later than now."""
    return max((now - datetime.fromisoformat(drill.ended)) // timedelta(milliseconds=1), 0)
