"""What of a drill's record is sealed as the data of evidence: figures and verdicts, no names of people."""

from collections import Counter
from collections.abc import Iterable, Mapping

from sec_ops.drill.judging.whole import came_back_whole, restored_sources
from sec_ops.model.drill_record import DrillRecord, Note, SystemRecord
from sec_ops.model.evidence_drill import DrilledSystem, DrillNote, DrillRun, PeopleInDrill

__all__ = ["people_of", "sealed_drill", "sealed_note"]

_SAME = (
    "verdict",
    "run",
    "repository",
    "place",
    "far",
    "rto_ms",
    "rto_target_ms",
    "rto_met",
    "rpo_ms",
    "rpo_uncertain_ms",
    "rpo_basis",
    "rpo_target_ms",
    "rpo_met",
)


def sealed_drill(record: DrillRecord, manifest: Mapping[str, str] | None = None) -> DrillRun:
    """Return the entry of a drill; `manifest` has the SHA-256 of each file of its run folder."""
    isolation = record.isolation
    return DrillRun(
        run=record.run,
        scenario=record.scenario,
        rehearsed=record.kind,
        content_digest=record.digest,
        started=record.started,
        ended=record.ended,
        lost_at=record.lost_at,
        verdict=record.verdict,
        phase=record.phase,
        isolated=isolation.holds if isolation else None,
        probes=len(isolation.probes) if isolation else 0,
        systems=tuple(_system(record, each) for each in record.systems),
        people=people_of(record.notes, plan=bool(record.plan_document)),
        manifest=dict(manifest or {}),
    )


def sealed_note(run: str, note: Note) -> DrillNote:
    """Return the entry of a note that was added after the end of the drill `run`."""
    return DrillNote(run=run, note=note.kind, at=note.at)


def people_of(notes: Iterable[Note], *, plan: bool) -> PeopleInDrill:
    """Return what people did, by number. Participants and who signed count once, however often they were named."""
    listed = list(notes)
    kinds = Counter(each.kind for each in listed)
    return PeopleInDrill(
        plan=plan,
        participants=len({each.text for each in listed if each.kind == "participant"}),
        decisions=kinds["decision"],
        answers=kinds["answer"],
        training=kinds["training"],
        problems=kinds["problem"],
        improvements=kinds["improvement"],
        summaries=kinds["summary"],
        sign_offs=len({each.by for each in listed if each.kind == "sign_off"}),
    )


def _system(record: DrillRecord, system: SystemRecord) -> DrilledSystem:
    return DrilledSystem(
        id=system.system,
        whole=came_back_whole(record.kind, system),
        restored=restored_sources(system),
        sources=len(system.sources),
        services=len(system.services),
        checks=len(system.checks),
        checks_passed=sum(each.verdict == "passed" for each in system.checks),
        **{name: getattr(system, name) for name in _SAME},
    )
