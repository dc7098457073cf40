"""Rooms and doors of `drill plan`, put together."""

from collections.abc import Iterable

from sec_ops.backup.record.record import open_record
from sec_ops.cli.drill._plan_shown import ShownPlan, scenario_document, scenario_lines
from sec_ops.cli.drill._room import DrillRoom, past_drills
from sec_ops.cli.output import emit
from sec_ops.cli.sealing import evidence_of
from sec_ops.content.kinds import PLANS, RECOVERIES, REPOSITORIES
from sec_ops.drill.past import last_of_scenario, last_of_system
from sec_ops.drill.planning.plan import DrillPlan
from sec_ops.identity.approvals import ContentApprovals, read_approvals
from sec_ops.identity.people import load_people
from sec_ops.model.evidence_drill import DrillRun
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program
from sec_ops.workflows.drills.preparing import Prepared, prepared, require_drill_secrets

__all__ = ["show_plan", "show_scenarios"]

_SCRATCH = "drill/scratch"


def show_scenarios(room: DrillRoom) -> Iterable[Outcome]:
    """Show every scenario with its last drill."""
    now, past = SystemClock().now(), _past(room)
    lasts = [
        (each, last_of_scenario(each, past, now)) for each in room.drills.material.scenarios.values() if each.enabled
    ]
    rows = [scenario_document(each, last) for each, last in lasts]
    emit("sec-ops/drill-plan", {"scenarios": rows}, text=lambda: "\n".join(scenario_lines(lasts, room.room.zone)))
    return ()


def show_plan(room: DrillRoom, name: str, *, reading: bool) -> Iterable[Outcome]:
    """Show one scenario's plan, what it would find here, and what is missing; of the example only the plan."""
    plan, now = room.drills.plan(name), SystemClock().now()
    past = [each for each in _past(room) if each.scenario == name]
    found = None if room.room.site is None else _prepared(room, plan, reading=reading)
    scenarios = {name: plan.scenario}
    shown = ShownPlan(
        plan=plan,
        material=room.drills.material,
        found=found,
        last=last_of_scenario(plan.scenario, past, now),
        lasts={each.id: last_of_system(each.id, past, scenarios, now) for each in plan.systems},
        zone=room.room.zone,
    )
    outcomes = (Outcome.FINDINGS,) if found and found.needs else ()
    emit("sec-ops/drill-plan", shown.document(), outcomes=outcomes, text=lambda: "\n".join(shown.lines()))
    return outcomes


def _past(room: DrillRoom) -> list[DrillRun]:
    if room.room.site is None:
        return []
    with evidence_of(room.site) as log:
        return [each.drill for each in past_drills(room.site, log)]


def _prepared(room: DrillRoom, plan: DrillPlan, *, reading: bool) -> Prepared:
    """Return what the drill would find; secrets are read only when asked for, and only once content is approved."""
    site, library = room.site, room.room.library

    def approved() -> None:
        kept, people = read_approvals(site.approvals), load_people(library)
        check = ContentApprovals(approvals=kept, people=people, run_program=run_program)
        library.require_approval(check, PLANS, REPOSITORIES, RECOVERIES)

    def secrets() -> None:
        if reading:
            approved()
            require_drill_secrets(plan, Secrets(run_program=run_program), site.root)

    with open_record(site) as record:
        return prepared(plan, record, site.var / _SCRATCH, approved, secrets)
