"""A drill of three systems, made by hand; tests change it."""

from datetime import date
from typing import Any

from sec_ops.model.drill_record import (
    CheckRecord,
    DrillRecord,
    IsolationRecord,
    Note,
    NoteKind,
    ProbeRecord,
    ServiceRecord,
    SourceRecord,
    SystemRecord,
)
from sec_ops.model.drill_scenario import DrillKind
from sec_ops.model.recovery_level import DeclaredElement, ElementId, SystemFacts
from sec_ops.model.values import Text

SHA = "ab" * 32
PHASES = {
    "detect": 3_050,
    "decide": 0,
    "select": 700,
    "provision": 2_300,
    "fetch": 5_200,
    "load": 6_100,
    "verify": 1_900,
    "switch": 0,
}


def both(text: str) -> Text:
    return Text(zh=f"中文{text}", en=text)


def source(name: str = "database", **changes: Any) -> SourceRecord:
    values: dict[str, Any] = {
        "source": name,
        "kind": "postgresql_base",
        "verdict": "ok",
        "files": 12,
        "proved": 12,
        "bytes": 240_000_000,
        "tables": 3,
        "tables_proved": 3,
        "taken_at": "2026-11-26T08:00:00Z",
    }
    return SourceRecord.model_validate(values | changes)


def check(name: str = "students", **changes: Any) -> CheckRecord:
    values: dict[str, Any] = {
        "check": name,
        "title": both(f"check {name}"),
        "kind": "sql",
        "verdict": "passed",
        "expected": ">= 1",
        "found": "400000",
        "elapsed_ms": 41,
    }
    return CheckRecord.model_validate(values | changes)


def system(name: str = "student-records", **changes: Any) -> SystemRecord:
    values: dict[str, Any] = {
        "system": name,
        "name": both(name),
        "verdict": "passed",
        "run": "20261126T080000Z-backup-aa",
        "repository": f"{name}-b",
        "place": "second-site",
        "far": True,
        "phases": PHASES,
        "begun": {"detect": 0, "select": 3_050, "provision": 3_750, "fetch": 6_050, "load": 11_250, "verify": 17_350},
        "rto_ms": sum(PHASES.values()),
        "rto_target_ms": 14_400_000,
        "rto_met": True,
        "rpo_ms": 4_500,
        "rpo_uncertain_ms": 1_000,
        "rpo_basis": "heartbeat",
        "rpo_target_ms": 3_600_000,
        "rpo_met": True,
        "trusted": (SHA,),
        "sources": (source(),),
        "services": (ServiceRecord(service="database", kind="postgresql", verdict="passed", elapsed_ms=4_000),),
        "checks": (check(),),
    }
    return SystemRecord.model_validate(values | changes)


def note(kind: NoteKind, text: str = "", **changes: Any) -> Note:
    values: dict[str, Any] = {"kind": kind, "at": "2026-11-26T08:10:00Z", "by": "chen", "text": text or kind}
    return Note.model_validate(values | changes)


def people() -> tuple[Note, ...]:
    return (note("participant", "Chen"), note("participant", "Li"), note("training"), note("summary"))


def drill(*systems: SystemRecord, **changes: Any) -> DrillRecord:
    probe = ProbeRecord(name="site_a", target="192.0.2.7", refused=True, how="network is unreachable", outside=True)
    values: dict[str, Any] = {
        "run": "20261126T080000Z-drill-0badcafe",
        "scenario": "site-loss",
        "digest": SHA,
        "title": both("Loss of the information centre"),
        "kind": DrillKind.SITE_LOSS,
        "aim": both("Whether systems come back"),
        "plan_document": "QL-DR-2026",
        "controller": "site-b",
        "started": "2026-11-26T08:00:03Z",
        "ended": "2026-11-26T08:00:22Z",
        "lost_at": "2026-11-26T08:00:00Z",
        "lost_at_told": True,
        "lost_places": ("centre",),
        "verdict": "passed",
        "isolation": IsolationRecord(way="root", holds=True, limited=True, probes=(probe,)),
        "systems": systems or (system(),),
        "notes": people(),
    }
    return DrillRecord.model_validate(values | changes)


def facts(name: str = "student-records", **changes: Any) -> SystemFacts:
    values: dict[str, Any] = {
        "system": name,
        "full_every_seconds": 900,
        "off_site": True,
        "network_every_seconds": 1_200,
        "real_time": False,
    }
    return SystemFacts.model_validate(values | changes)


def declared(element: ElementId, level: int, **changes: Any) -> DeclaredElement:
    values: dict[str, Any] = {
        "id": f"{element}-{level}",
        "edition": "gbt-20988-2007",
        "element": element,
        "level": level,
        "reason": "seen on site",
        "by": "chen",
        "on": date(2026, 9, 1),
        "until": date(2027, 8, 31),
    }
    return DeclaredElement.model_validate(values | changes)
