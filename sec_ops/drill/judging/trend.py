"""How a drill compares with those before it: every drill that brought the system back whole is a point."""

from collections.abc import Sequence

from sec_ops.drill.judging.sealing import sealed_drill
from sec_ops.drill.judging.whole import aims_at_whole
from sec_ops.model.drill_judgement import SystemTrend, TrendPoint
from sec_ops.model.drill_record import DrillRecord
from sec_ops.model.evidence_drill import DrillRun

__all__ = ["trend_of"]

_SHOWN = 12


def trend_of(record: DrillRecord, earlier: Sequence[DrillRun]) -> tuple[SystemTrend, ...]:
    """Return each system's drills up to this one; `earlier` are sealed drills, oldest first, this one may be in it."""
    if not aims_at_whole(record.kind):
        return ()
    before = [each for each in earlier if each.run != record.run and each.started < record.started]
    drills = [*(each for each in before if aims_at_whole(each.rehearsed)), sealed_drill(record)]
    return tuple(_system(each.system, drills) for each in record.systems)


def _system(system: str, drills: Sequence[DrillRun]) -> SystemTrend:
    points = [
        TrendPoint(
            run=drill.run,
            started=drill.started,
            scenario=drill.scenario,
            verdict=each.verdict,
            rto_ms=each.rto_ms,
            rpo_ms=each.rpo_ms,
        )
        for drill in drills
        for each in drill.systems
        if each.id == system
    ]
    now = points[-1]
    last = next((each for each in reversed(points[:-1]) if each.scenario == now.scenario), None)
    return SystemTrend(
        system=system,
        points=tuple(points[-_SHOWN:]),
        rto_change_ms=_change(last.rto_ms if last else None, now.rto_ms),
        rpo_change_ms=_change(last.rpo_ms if last else None, now.rpo_ms),
    )


def _change(before: int | None, now: int | None) -> int | None:
    return None if before is None or now is None else now - before
