"""Plans of drills as people and programs read them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sec_ops.cli.drill._last import last_document, standing_word
from sec_ops.cli.table import table
from sec_ops.drill.past import LastDrill
from sec_ops.drill.planning.choosing import unloaded
from sec_ops.drill.planning.material import Material
from sec_ops.drill.planning.plan import DrillPlan, PlannedSystem
from sec_ops.model.drill_scenario import DrillStep, Scenario
from sec_ops.model.text import bytes_text
from sec_ops.reports.drill.words import DrillWords, drill_words
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language, render
from sec_ops.workflows.drills.preparing import Need, Prepared, Spot

__all__ = ["ShownPlan", "scenario_document", "scenario_lines"]


def scenario_document(scenario: Scenario, last: LastDrill) -> dict[str, Any]:
    """Return a scenario as JSON shows it."""
    return {
        "scenario": scenario.id,
        "kind": scenario.kind.value,
        "title": scenario.title.model_dump(),
        "systems": [each.id for each in scenario.systems],
        **last_document(last),
    }


def scenario_lines(lasts: Sequence[tuple[Scenario, LastDrill]], zone: ZoneInfo) -> list[str]:
    """Return all scenarios, a row each."""
    words = drill_words(language(), zone)
    head = (_("scenario"), _("what is rehearsed"), _("brings back"), _("last drill"))
    rows = [
        (each.id, words.said(each.title), ", ".join(one.id for one in each.systems) or "-", standing_word(last))
        for each, last in lasts
    ]
    if not rows:
        return [_("no scenario is laid down yet; write one: backup/drills/NAME.yml")]
    return [table(head, rows), "", _("what one does and needs: sec-ops drill plan SCENARIO")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPlan:
    """A plan with what it would find here (None: the example, which is only looked at) and what came of it before."""

    plan: DrillPlan
    material: Material
    found: Prepared | None
    last: LastDrill
    lasts: Mapping[str, LastDrill]
    zone: ZoneInfo

    def document(self) -> dict[str, Any]:
        """Return it as JSON shows it; times in milliseconds."""
        scenario, found = self.plan.scenario, self.found
        return {
            "scenario": scenario.id,
            "kind": scenario.kind.value,
            "title": scenario.title.model_dump(),
            "aim": scenario.aim.model_dump(),
            "digest": self.plan.digest,
            "plan_document": scenario.plan_document,
            "lost_places": list(scenario.lost_places),
            "inject": [each.value for each in scenario.inject],
            "deadline_ms": scenario.deadline_minutes * 60_000,
            "systems": [self._system(each) for each in self.plan.systems],
            "steps": [each.model_dump(mode="json") for each in scenario.steps],
            "needed_bytes": found.needed_bytes if found else None,
            "free_bytes": found.free_bytes if found else None,
            "needs": [_need(each) for each in found.needs] if found else [],
            "ready": not found.needs if found else None,
            "last": last_document(self.last),
        }

    def lines(self) -> Iterator[str]:
        """Return it as people read it: what happened, what comes back in which order, what is missing."""
        words = drill_words(language(), self.zone)
        yield from self._head(words)
        for number, each in enumerate(self.plan.systems, 1):
            yield from self._system_lines(number, each, words)
        yield from _steps(self.plan.scenario.steps, words)
        yield from self._before(words)
        yield from self._missing()

    def _system(self, planned: PlannedSystem) -> dict[str, Any]:
        spots = self._spots(planned)
        return {
            "system": planned.id,
            "name": planned.name.model_dump(),
            "after": list(planned.after),
            "rto_target_ms": None if planned.rto_seconds is None else planned.rto_seconds * 1000,
            "rpo_target_ms": None if planned.rpo_seconds is None else planned.rpo_seconds * 1000,
            "sources": list(planned.sources),
            "not_loaded": [each.id for each in unloaded(planned)],
            "paths": list(planned.paths),
            "tables": list(planned.tables),
            "services": [{"id": each.id, "kind": each.kind} for each in planned.services],
            "checks": [{"id": each.id, "kind": each.kind} for each in planned.checks],
            "repositories": [
                {
                    "repository": name,
                    "place": self.plan.repositories[name].place,
                    "far": name in planned.far,
                    "run": spots[name].run if name in spots else None,
                    "bytes": spots[name].bytes if name in spots else None,
                    "arrived": utc_text(at) if name in spots and (at := spots[name].arrived) else None,
                }
                for name in planned.repositories
            ],
            "last": last_document(self.lasts[planned.id]),
        }

    def _spots(self, planned: PlannedSystem) -> Mapping[str, Spot]:
        spots = self.found.spots if self.found else ()
        return {each.repository: each for each in spots if each.system == planned.id}

    def _head(self, words: DrillWords) -> Iterator[str]:
        scenario = self.plan.scenario
        yield f"{scenario.id} · {words.said(scenario.title)} ({words.named(scenario.kind.value)})"
        yield _("  aim: {text}").format(text=words.said(scenario.aim))
        if scenario.story:
            yield _("  story: {text}").format(text=words.said(scenario.story))
        if scenario.plan_document:
            yield _("  contingency plan: {text}").format(text=scenario.plan_document)
        if scenario.lost_places:
            names = [words.said(self.material.places[each].name) for each in scenario.lost_places]
            yield _("  lost: {places}").format(places=", ".join(names))
        if scenario.inject:
            yield _("  faults injected: {faults}").format(faults=", ".join(map(words.named, scenario.inject)))
        yield ""

    def _system_lines(self, number: int, planned: PlannedSystem, words: DrillWords) -> Iterator[str]:
        yield f"{number}. {planned.id} {words.said(planned.name)}"
        if planned.after:
            yield _("   after: {systems}").format(systems=", ".join(planned.after))
        rto, rpo = (None if each is None else each * 1000 for each in (planned.rto_seconds, planned.rpo_seconds))
        yield _("   targets: RTO {rto}, RPO {rpo}").format(rto=words.span(rto), rpo=words.span(rpo))
        spots = self._spots(planned)
        for name in planned.repositories:
            yield _("   from {repository}").format(repository=self._where(name, planned, spots.get(name), words))
        yield from _restored(planned)
        if planned.checks:
            checks = ", ".join(f"{words.said(each.title)} ({each.kind})" for each in planned.checks)
            yield _("   proved by: the signed manifest; {checks}").format(checks=checks)
        else:
            yield _("   proved by: the signed manifest")
        yield ""

    def _where(self, name: str, planned: PlannedSystem, spot: Spot | None, words: DrillWords) -> str:
        place = self.plan.repositories[name].place
        spoken = words.said(self.material.places[place].name)
        parts = [f"{name} ({spoken}, {_('off-site')})" if name in planned.far else f"{name} ({spoken})"]
        if spot is not None and spot.arrived is not None:
            told = _("restore point of {moment}, {size}")
            parts.append(told.format(moment=words.moment(utc_text(spot.arrived)), size=bytes_text(spot.bytes)))
        elif spot is not None:
            parts.append(_("no restore point is recorded that counts"))
        return ": ".join(parts)

    def _before(self, words: DrillWords) -> Iterator[str]:
        drill = self.last.drill
        if drill is None:
            yield _("never done before")
            return
        yield _("done last on {moment}: {verdict}").format(
            moment=words.moment(drill.ended), verdict=words.verdict(drill.verdict).text
        )
        for name, last in self.lasts.items():
            if last.system is not None:
                took, lost = words.span(last.system.rto_ms), words.span(last.system.rpo_ms)
                yield _("  {system}: back after {took}, {lost} lost").format(system=name, took=took, lost=lost)

    def _missing(self) -> Iterator[str]:
        if self.found is None:
            return
        for each in self.found.needs:
            yield f"✗ {render(each.what)}"
            if each.advice:
                yield _("    next: {advice}").format(advice=render(each.advice))
        if self.found.needs:
            yield _("{count} things are missing").format(count=len(self.found.needs))
        else:
            yield _("✓ nothing is missing; run it: sec-ops drill run {scenario}").format(scenario=self.plan.scenario.id)


def _need(need: Need) -> dict[str, Any]:
    return {"kind": need.kind, "what": render(need.what), "next": render(need.advice) if need.advice else None}


def _restored(planned: PlannedSystem) -> Iterator[str]:
    """Return what comes back, and what runs again of it."""
    yield _("   comes back: {sources}").format(sources=", ".join(planned.paths or planned.sources))
    if planned.tables:
        yield _("   tables: {tables}").format(tables=", ".join(planned.tables))
    if planned.services:
        services = ", ".join(f"{each.id} ({each.kind})" for each in planned.services)
        yield _("   runs again: {services}").format(services=services)
    if left := unloaded(planned):
        named = ", ".join(f"{each.id} ({each.kind})" for each in left)
        yield _("   fetched and proved as files, loaded into nothing: {sources}").format(sources=named)


def _steps(steps: Sequence[DrillStep], words: DrillWords) -> Iterator[str]:
    """Return what people are asked."""
    if not steps:
        return
    yield _("people are asked:")
    for each in steps:
        yield f"  {each.id}: {words.said(each.title)} ({_('{count} min').format(count=each.minutes)})"
    yield ""
