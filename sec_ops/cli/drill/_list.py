"""How drills stand, as people and programs read it."""

from collections.abc import Iterable, Sequence

from sec_ops.cli.drill._last import last_document, standing_word
from sec_ops.cli.drill._room import DrillRoom, past_drills
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.cli.table import table
from sec_ops.content.model_faults import did_you_mean
from sec_ops.drill.past import LastDrill, Standing, last_of_scenario, last_of_system
from sec_ops.model.drill_scenario import Scenario
from sec_ops.model.errors import UsageError
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.reports.drill.words import DrillWords, drill_words
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.language import language

__all__ = ["show_list"]


def show_list(room: DrillRoom, names: Sequence[str]) -> Iterable[Outcome]:
    """Show systems, all unless some are named, and scenarios."""
    with evidence_of(room.site) as log:
        past, now = [each.drill for each in past_drills(room.site, log)], SystemClock().now()
    scenarios = room.drills.material.scenarios
    known = list(dict.fromkeys((*room.drills.material.systems, *room.drills.material.plans)))
    for name in names:
        if name not in known:
            advice = did_you_mean(name, known)
            raise UsageError(message("no key system has the id {id}", id=name), advice=advice)
    systems = {name: last_of_system(name, past, scenarios, now) for name in dict.fromkeys(names) or known}
    by_scenario = {each: last_of_scenario(each, past, now) for each in _enabled(scenarios.values(), names)}
    stale = any(each.standing is not Standing.FRESH for each in systems.values())
    outcomes = (Outcome.FINDINGS,) if stale else ()
    emit(
        "sec-ops/drill-list",
        {
            "systems": [{"system": name, **last_document(each)} for name, each in systems.items()],
            "scenarios": [
                {"scenario": each.id, "kind": each.kind.value, **last_document(last)}
                for each, last in by_scenario.items()
            ],
        },
        outcomes=outcomes,
        text=lambda: "\n".join(_lines(systems, by_scenario, room)),
    )
    return outcomes


def _enabled(scenarios: Iterable[Scenario], systems: Sequence[str]) -> list[Scenario]:
    """Return the scenarios that are on, of the systems named when some are."""
    return [
        each for each in scenarios if each.enabled and (not systems or {one.id for one in each.systems} & set(systems))
    ]


def _lines(systems: dict[str, LastDrill], scenarios: dict[Scenario, LastDrill], room: DrillRoom) -> list[str]:
    words = drill_words(language(), room.room.zone)
    head = (_("system"), _("last drill"), _("ended"), _("scenario"), "RTO", "RPO")
    lines = [table(head, [_system(name, each, words) for name, each in systems.items()]), ""]
    heads = (_("scenario"), _("last drill"), _("ended"), _("what is rehearsed"))
    rows = [
        (each.id, standing_word(last), _ended(last.drill, words), words.said(each.title))
        for each, last in scenarios.items()
    ]
    lines += [table(heads, rows), ""]
    for name, last in systems.items():
        lines += _next(name, last, scenarios)
    fresh = sum(each.standing is Standing.FRESH for each in systems.values())
    return [*lines, _("{fresh} of {count} systems have a fresh drill").format(fresh=fresh, count=len(systems))]


def _system(name: str, last: LastDrill, words: DrillWords) -> tuple[str, ...]:
    part = last.system
    return (
        name,
        standing_word(last),
        _ended(last.drill, words),
        last.drill.scenario if last.drill else "-",
        _measured(part.rto_ms, part.rto_target_ms, words) if part else "-",
        _measured(part.rpo_ms, part.rpo_target_ms, words) if part else "-",
    )


def _ended(drill: DrillRun | None, words: DrillWords) -> str:
    return words.moment(drill.ended)[:16] if drill else "-"


def _measured(found_ms: int | None, target_ms: int | None, words: DrillWords) -> str:
    """Return what was measured beside its target."""
    found = words.span(found_ms) if found_ms is not None else "?"
    return found if target_ms is None else f"{found} / {words.span(target_ms)}"


def _next(name: str, last: LastDrill, scenarios: Iterable[Scenario]) -> list[str]:
    """Return what to do about a system, nothing for a fresh one."""
    lines = []
    if last.cut_short is not None:
        told = _("! {system}: the drill {run} was interrupted and counts for nothing")
        lines.append(told.format(system=name, run=last.cut_short.run))
    if last.standing is Standing.FRESH:
        return lines
    naming = [each.id for each in scenarios if name in {one.id for one in each.systems}]
    if last.standing is Standing.FAILED and last.drill is not None:
        return [
            *lines,
            _("✗ {system}: see what failed").format(system=name),
            f"    $ sec-ops drill show {last.drill.run}",
        ]
    if not naming:
        return [*lines, _("✗ {system}: no scenario names it").format(system=name), "    backup/drills/"]
    return [*lines, _("✗ {system}: a drill is due").format(system=name), f"    $ sec-ops drill plan {naming[0]}"]
