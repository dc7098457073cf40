"""The level each of the seven elements reaches: by facts where these tell, else as it was declared, else unknown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from sec_ops.drill.judging.sealing import people_of
from sec_ops.model.drill_judgement import ElementJudgement
from sec_ops.model.drill_record import DrillRecord, SystemRecord
from sec_ops.model.messages import Message, message
from sec_ops.model.recovery_level import DeclaredElement, Edition, Element, FactsNeeded, Requirement, SystemFacts

__all__ = ["Known", "judge_elements", "lacking_people"]

_HOUR, _DAY = 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What elements of a system are judged by; `declared` are a site's declarations, of whatever system or edition."""

    record: DrillRecord
    system: SystemRecord
    facts: SystemFacts
    declared: Sequence[DeclaredElement] = field(default=())


def judge_elements(edition: Edition, known: Known) -> tuple[ElementJudgement, ...]:
    """Return each element's level, in the edition's order."""
    return tuple(_judge(element, edition, known) for element in edition.elements)


def lacking_people(record: DrillRecord) -> Iterator[Message]:
    """Yield what the record of an exercise lacks to prove that a plan was rehearsed."""
    people = people_of(record.notes, plan=bool(record.plan_document))
    if not people.plan:
        yield message("the contingency plan that is rehearsed is not named")
    if not people.participants:
        yield message("nobody is recorded as a participant")
    if not people.training:
        yield message("there is no record of training in the plan")
    if not people.summaries:
        yield message("there is no summary")


def _judge(element: Element, edition: Edition, known: Known) -> ElementJudgement:
    asked = [each.elements[element.id] for each in edition.levels]
    declaration = _declaration(element, edition, known)
    level = 0
    for requirement in asked:
        if _unmet(requirement, level + 1, declaration, known) is not None:
            break
        level += 1
    made = ElementJudgement(
        element=element.id, name=element.name, level=level, basis="unknown", reason=message("all levels are met")
    )
    if level < len(asked):
        why = _unmet(asked[level], level + 1, declaration, known)
        made = made.model_copy(update={"reason": why})
    return made.model_copy(update=_ground(asked[: level + 1], level, declaration))


def _ground(seen: Sequence[Requirement], level: int, declaration: DeclaredElement | None) -> dict[str, str]:
    """Return by what an element's level was judged: facts before words, and what asks nothing last."""
    if any(each.facts for each in seen):
        return {"basis": "facts"}
    if declaration is not None:
        return {"basis": "declared", "by": declaration.by, "on": declaration.on.isoformat()}
    return {"basis": "not_asked" if level else "unknown"}


def _unmet(asked: Requirement, level: int, declaration: DeclaredElement | None, known: Known) -> Message | None:
    """Return why a requirement is not met, None where it is."""
    if asked.none:
        return None
    if asked.facts is not None:
        return next(_lacking(asked.facts, known), None)
    if declaration is None:
        return message("nobody has declared it: backup/readiness.yml")
    if declaration.until < _day(known.record):
        return message("what was declared held until {day}", day=declaration.until.isoformat())
    if declaration.on > _day(known.record):
        return message("it was declared after the drill, on {day}", day=declaration.on.isoformat())
    if declaration.level < level:
        return message("declared up to level {level}: {reason}", level=declaration.level, reason=declaration.reason)
    return None


def _declaration(element: Element, edition: Edition, known: Known) -> DeclaredElement | None:
    """Return what was declared last of the system itself, else of all; of two on one day the lower."""
    said = [each for each in known.declared if (each.edition, each.element) == (edition.id, element.id)]
    own = [each for each in said if known.system.system in each.systems]
    common = [each for each in said if not each.systems]
    return max(own or common, key=lambda each: (each.on, -each.level), default=None)


def _lacking(needed: FactsNeeded, known: Known) -> Iterator[Message]:
    facts = known.facts
    if needed.full_every_hours is not None:
        yield from _too_seldom(facts.full_every_seconds, needed.full_every_hours * _HOUR)
    if needed.off_site and not facts.off_site:
        yield message("no restore point is known to lie at another site")
    if needed.network_per_day is not None:
        yield from _too_seldom(facts.network_every_seconds, _DAY // needed.network_per_day)
    if needed.real_time and not facts.real_time:
        yield message("data is not replicated to the other site as it changes")
    if needed.zero_loss and known.system.rpo_ms != 0:
        yield message("the drill did not show that nothing is lost")
    if needed.rehearsed_plan:
        yield from lacking_people(known.record)
        if known.record.verdict != "passed":
            yield message("the drill did not pass")


def _too_seldom(every_seconds: int | None, at_most_seconds: int) -> Iterator[Message]:
    if every_seconds is None:
        yield message("nobody knows how often data is saved or sent")
    elif every_seconds > at_most_seconds:
        yield message(
            "every {minutes} min, asked at least every {limit} min",
            minutes=every_seconds // 60,
            limit=at_most_seconds // 60,
        )


def _day(record: DrillRecord) -> date:
    return date.fromisoformat(record.ended[:10])
