"""The record of a drill, from what its systems came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sec_ops.drill.sandbox.proof import Isolation
from sec_ops.model.drill_record import (
    DrillRecord,
    DrillVerdict,
    IsolationRecord,
    ProbeRecord,
    Problem,
    SystemRecord,
)
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.messages import Message
from sec_ops.workflows.drills.doors import AskedDrill

__all__ = ["Came", "isolation_record", "record_of"]


@dataclass(slots=True, kw_only=True)
class Came:
    """What a drill came to so far; moments are RFC 3339 in UTC. `phase` is where it was interrupted."""

    run: str
    controller: str
    place: str
    started: str
    lost_at: str
    ended: str = ""
    phase: str = ""
    interrupted: bool = False
    isolation: IsolationRecord | None = None
    lost: Sequence[ProbeRecord] = ()
    struck: Sequence[Message] = ()
    systems: Sequence[SystemRecord] = ()
    problems: list[Problem] = field(default_factory=list)


def record_of(asked: AskedDrill, came: Came) -> DrillRecord:
    """Return the record, without notes; its verdict is passed only when each system's is, and nothing else failed."""
    scenario = asked.plan.scenario
    return DrillRecord(
        run=came.run,
        scenario=scenario.id,
        digest=asked.plan.digest,
        title=scenario.title,
        kind=scenario.kind,
        aim=scenario.aim,
        plan_document=scenario.plan_document,
        controller=came.controller,
        place=came.place,
        started=came.started,
        ended=came.ended,
        lost_at=came.lost_at,
        lost_at_told=asked.lost_at is not None,
        lost_places=scenario.lost_places,
        lost=tuple(came.lost),
        until=came_until(asked),
        key="escrow" if scenario.kind is DrillKind.LOST_KEY else "usual",
        injected=tuple(asked.inject),
        struck=tuple(came.struck),
        verdict=_verdict(came),
        phase=came.phase,
        isolation=came.isolation,
        systems=tuple(came.systems),
        problems=tuple(came.problems),
    )


def isolation_record(isolation: Isolation, *, limited: bool) -> IsolationRecord:
    """Return the proof of isolation as it stands in the record."""
    probes = tuple(
        ProbeRecord(name=each.name, target=each.target, refused=each.refused, how=each.how, outside=each.outside)
        for each in isolation.probes
    )
    return IsolationRecord(way=isolation.way, holds=isolation.holds, limited=limited, probes=probes)


def came_until(asked: AskedDrill) -> str:
    """Return the moment databases were to come back to, nothing where none was chosen."""
    return asked.until.isoformat().replace("+00:00", "Z") if asked.until else ""


def _verdict(came: Came) -> DrillVerdict:
    if came.interrupted:
        return "interrupted"
    if came.problems or not came.systems:
        return "failed"
    return "passed" if all(each.verdict == "passed" for each in came.systems) else "failed"
