"""The judgement of a drill: the lower of what was measured and what stands ready counts; what is missing is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sec_ops.drill.judging.elements import Known, judge_elements, lacking_people
from sec_ops.drill.judging.numbers import level_by_numbers, why_not_within
from sec_ops.drill.judging.sealing import people_of
from sec_ops.drill.judging.trend import trend_of
from sec_ops.drill.judging.whole import aims_at_whole
from sec_ops.model.drill_judgement import (
    ElementJudgement,
    Exercise,
    Judgement,
    LevelJudgement,
    Missing,
    NumbersJudgement,
    SystemLevel,
)
from sec_ops.model.drill_record import DrillRecord, SystemRecord
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.model.messages import Message, message
from sec_ops.model.recovery_level import DeclaredElement, Edition, RecoveryLevel, SystemFacts

__all__ = ["Readiness", "judged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What is known beside the drill: facts of plans by system, and what people declared of the elements."""

    facts: Mapping[str, SystemFacts] = field(default_factory=dict)
    declared: Sequence[DeclaredElement] = ()


def judged(
    record: DrillRecord, editions: Sequence[Edition], readiness: Readiness, earlier: Sequence[DrillRun] = ()
) -> Judgement:
    """Return what a drill says, by each edition, the one in force first; `earlier` drills are sealed, oldest first."""
    ordered = sorted(editions, key=lambda each: (each.superseded_by is not None, each.id))
    standards = {each.id: each.standard for each in editions}
    return Judgement(
        run=record.run,
        levels=tuple(_level(record, each, readiness, standards) for each in ordered),
        trend=trend_of(record, earlier),
        exercise=_exercise(record),
    )


def _level(record: DrillRecord, edition: Edition, readiness: Readiness, standards: Mapping[str, str]) -> LevelJudgement:
    unjudged = _unjudged(record, edition)
    systems = () if unjudged else tuple(_system(record, each, edition, readiness) for each in record.systems)
    level = min((each.level for each in systems), default=None)
    return LevelJudgement(
        edition=edition.id,
        standard=edition.standard,
        title=edition.title,
        superseded_by=standards.get(edition.superseded_by or "", edition.superseded_by or ""),
        note=edition.note,
        level=level,
        level_name=edition.levels[level - 1].name if level else None,
        numbers=min((each.numbers.level for each in systems), default=None),
        elements=min((each.elements_level for each in systems), default=None),
        reason=unjudged,
        systems=systems,
    )


def _unjudged(record: DrillRecord, edition: Edition) -> Message | None:
    if edition.open:
        return message("the text of this edition was not at hand, so nothing is judged by it")
    if not aims_at_whole(record.kind) or not record.systems:
        return message("a drill that brings no system back says nothing of levels")
    return None


def _system(record: DrillRecord, system: SystemRecord, edition: Edition, readiness: Readiness) -> SystemLevel:
    facts = readiness.facts.get(system.system, SystemFacts(system=system.system))
    known = Known(record=record, system=system, facts=facts, declared=readiness.declared)
    numbers = level_by_numbers(record, system, edition)
    elements = judge_elements(edition, known)
    lowest = min(each.level for each in elements)
    level = min(numbers.level, lowest)
    above = edition.levels[level] if level < len(edition.levels) else None
    return SystemLevel(
        system=system.system,
        name=system.name,
        level=level,
        numbers=numbers,
        elements=elements,
        elements_level=lowest,
        missing=_missing(above, system, numbers, elements) if above else (),
    )


def _missing(
    above: RecoveryLevel, system: SystemRecord, numbers: NumbersJudgement, elements: Sequence[ElementJudgement]
) -> tuple[Missing, ...]:
    """Return what keeps a system from the level above."""
    named = [
        Missing(what=each.element, name=each.name, needed=above.elements[each.element].text, why=each.reason)
        for each in elements
        if each.level < above.level
    ]
    return (*_missing_times(above, system, numbers), *named)


def _missing_times(above: RecoveryLevel, system: SystemRecord, numbers: NumbersJudgement) -> list[Missing]:
    if numbers.level >= above.level:
        return []
    late = numbers.reason if numbers.idle else why_not_within(above.rto, system.rto_ms)
    lost = None if numbers.idle else why_not_within(above.rpo, system.rpo_ms)
    rto = [Missing(what="rto", name=message("recovery time"), needed=above.rto.text, why=late)] if late else []
    rpo = [Missing(what="rpo", name=message("data lost"), needed=above.rpo.text, why=lost)] if lost else []
    return rto + rpo


def _exercise(record: DrillRecord) -> Exercise:
    people = people_of(record.notes, plan=bool(record.plan_document))
    return Exercise(
        plan=people.plan,
        participants=people.participants,
        training=people.training,
        summaries=people.summaries,
        decisions=people.decisions,
        improvements=people.improvements,
        sign_offs=people.sign_offs,
        missing=tuple(lacking_people(record)),
    )
