"""The record of a drill as a report shows it, with people, problems and texts that mean harm."""

from typing import Any

from sec_ops.content.kinds import LEVELS
from sec_ops.content.library import Library
from sec_ops.drill.judging import Readiness, judged, sealed_drill
from sec_ops.model.drill_judgement import Judgement
from sec_ops.model.drill_record import DrillRecord, FetchRecord, ProbeRecord, Problem, SystemRecord
from sec_ops.model.messages import message
from tests.unit.drill.judging.samples import PHASES, both, check, declared, drill, facts, note, source, system

HOSTILE = '<script>alert(1)</script> {{ 7*7 }} {% raw %} #panic("x") $x$ ]]> &amp; \x1b[31mred \u202e =cmd|calc'
TABLE_TOP: dict[str, Any] = {"kind": "table_top", "systems": (), "isolation": None}


def hostile() -> DrillRecord:
    """Two systems that came back and one that did not; whatever a person or a program said means harm."""
    problem = Problem(
        what=message("{repository}: {reason}", repository="r", reason=HOSTILE),
        where=HOSTILE,
        why=HOSTILE,
        advice=message("install sec-ops again"),
    )
    broken = _moved(
        "website-group",
        1_500,
        verdict="failed",
        rpo_ms=None,
        rpo_basis="unknown",
        rpo_met=None,
        after=("student-records",),
        fetches=(FetchRecord(repository="website-group-a", place="centre", verdict="unreachable", problem=problem),),
        sources=(source("pages", kind="files", tables=0, tables_proved=0, missing=1, verdict="damaged"),),
        checks=(check("front", kind="http", verdict="failed", expected="200", found=HOSTILE, problem=problem),),
    )
    notes = (
        note("participant", HOSTILE, role=HOSTILE),
        note("training", "12 October, 12 people"),
        note("decision", HOSTILE, at="2026-11-26T08:00:05Z"),
        note("summary", "first line\nsecond line"),
        note("improvement", HOSTILE),
        note("problem", HOSTILE, step="call"),
        note("sign_off", "agreed", role="deputy", by="lin"),
    )
    log = source("log", kind="postgresql_receivewal", received=3)
    records = _moved("student-records", 900, sources=(source(), log))
    systems = (_moved("identity-service", 0, rto_target_ms=25_000), records, broken)
    lost = tuple(
        ProbeRecord(name=name, target="192.0.2.9:8000", refused=refused, how=HOSTILE)
        for name, refused in (("website-group-a", True), ("web-1", False))
    )
    return drill(*systems, verdict="failed", notes=notes, controller=HOSTILE, lost=lost)


def judgement(record: DrillRecord) -> Judgement:
    """Return what is judged of it, with an earlier drill and some declarations."""
    sealed = sealed_drill(record)
    slower = [each.model_copy(update={"rto_ms": (each.rto_ms or 0) + 4_000}) for each in sealed.systems]
    before = sealed.model_copy(update={"run": "earlier", "started": "2026-05-26T02:00:00Z", "systems": tuple(slower)})
    editions = [loaded.value for loaded in Library.open(None).objects(LEVELS).values()]
    said = [declared("facility", 4, reason=HOSTILE), declared("operations", 3)]
    known = {each.system: facts(each.system) for each in record.systems}
    return judged(record, editions, Readiness(facts=known, declared=said), [before])


def _moved(name: str, later_ms: int, **changes: Any) -> SystemRecord:
    phases = {phase: spent + later_ms for phase, spent in PHASES.items()} if later_ms else dict(PHASES)
    begun, at = {}, 0
    for phase, spent in phases.items():
        if spent:
            begun[phase] = at
        at += spent
    values: dict[str, Any] = {"name": both(name), "phases": phases, "begun": begun, "rto_ms": at, **changes}
    return SystemRecord.model_validate(system(name).model_dump() | values)
