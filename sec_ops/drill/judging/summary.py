"""How drills stand, by key system, as it is sealed after each drill and once a day: from sealed entries alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sec_ops.drill.judging.whole import aims_at_whole
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.evidence import Entry
from sec_ops.model.evidence_drill import DrilledSystem, DrillNote, DrillRun, DrillSummary, PeopleInDrill, SystemDrills

__all__ = ["drill_summary", "seal_summary"]

_DAY_MS = 86_400_000
_YEAR_DAYS = 366
_COUNTED = {
    "participant": "participants",
    "decision": "decisions",
    "answer": "answers",
    "training": "training",
    "problem": "problems",
    "improvement": "improvements",
    "summary": "summaries",
    "sign_off": "sign_offs",
}


@dataclass(slots=True)
class _Drill:
    """A sealed drill, its age, and the notes that were sealed after it."""

    data: DrillRun
    age_ms: int
    added: list[str] = field(default_factory=list)

    @property
    def people(self) -> PeopleInDrill:
        """Return what people did in it, and afterwards."""
        counts = self.data.people.model_dump()
        for name in self.added:
            counts[name] += 1
        return PeopleInDrill.model_validate(counts)


def drill_summary(systems: Iterable[str], entries: Iterable[Entry], now_ms: int) -> DrillSummary:
    """Return the summary of every key system; `entries` are sealed, oldest first, `now_ms` is milliseconds since 1970.

    Drills older than a year of 366 days count no more; one that is dated later than now counts as of now.
    """
    drills = [each for each in _drills(entries, now_ms) if each.age_ms <= _YEAR_DAYS * _DAY_MS]
    exercises = [each for each in drills if each.people.participants]
    last = exercises[-1] if exercises else None
    return DrillSummary(
        day=datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat(),
        drills=len(drills),
        exercises=len(exercises),
        exercise_days=last.age_ms // _DAY_MS if last else -1,
        exercise_passed=last is not None and last.data.verdict == "passed",
        exercise=last.people if last else PeopleInDrill(),
        systems=tuple(_system(name, drills) for name in systems),
    )


def seal_summary(log: EvidenceLog, systems: Iterable[str], now: datetime) -> int:
    """Seal how the drills of all key systems stand at `now` (aware); return the entry's number.

    Raises EvidenceBroken and StorageError.
    """
    now_ms = round(now.timestamp() * 1000)
    summary = drill_summary(systems, log.entries(), now_ms)
    return log.append(DrillSummary.kind, summary.model_dump(mode="json"))


def _drills(entries: Iterable[Entry], now_ms: int) -> list[_Drill]:
    found: dict[str, _Drill] = {}
    for entry in entries:
        if entry.kind == DrillRun.kind:
            data = DrillRun.model_validate(entry.data)
            found[data.run] = _Drill(data, max(now_ms - _milliseconds(data.ended), 0))
        elif entry.kind == DrillNote.kind:
            note = DrillNote.model_validate(entry.data)
            if note.run in found and note.note in _COUNTED:
                found[note.run].added.append(_COUNTED[note.note])
    return list(found.values())


def _system(name: str, drills: Sequence[_Drill]) -> SystemDrills:
    named = [(drill, each) for drill in drills for each in drill.data.systems if each.id == name]
    whole = [(drill, each) for drill, each in named if aims_at_whole(drill.data.rehearsed)]
    far = [(drill, each) for drill, each in whole if each.far]
    return SystemDrills(
        id=name,
        drills=len(named),
        whole=len(whole),
        whole_days=_days(whole),
        failed=bool(whole) and not _passed(whole[-1][1]),
        far=len(far),
        far_days=_days(far),
        far_failed=bool(far) and not _passed(far[-1][1]),
        **_times(whole[-1][1] if whole else None),
    )


def _passed(system: DrilledSystem) -> bool:
    return system.verdict == "passed" and system.whole


def _days(drilled: Sequence[tuple[_Drill, DrilledSystem]]) -> int:
    return min((drill.age_ms // _DAY_MS for drill, each in drilled if _passed(each)), default=-1)


def _times(system: DrilledSystem | None) -> dict[str, Any]:
    names = ("rto_ms", "rto_target_ms", "rpo_ms", "rpo_target_ms")
    told = {name: getattr(system, name) for name in names} if system else {}
    return {name: value for name, value in told.items() if value is not None}


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
