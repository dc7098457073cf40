"""From a scenario and what it refers to, to a plan that can be run."""

from collections.abc import Sequence

from sec_ops.drill.planning.choosing import chosen
from sec_ops.drill.planning.material import Material
from sec_ops.drill.planning.order import in_order, needed_before
from sec_ops.drill.planning.plan import DrillPlan, PlannedSystem
from sec_ops.model.drill_scenario import DrillKind, Scenario, ScenarioSystem
from sec_ops.model.messages import message
from sec_ops.runtime.bilingual import bilingual

__all__ = ["made_plan", "tried_repositories"]


def made_plan(scenario: Scenario, material: Material, digest: str) -> DrillPlan:
    """Return the plan of a scenario in which no fault was found."""
    asked = {each.id: each for each in scenario.systems}
    order = in_order(tuple(asked), material.depends_on())
    systems = tuple(_system(asked[name], scenario, material, order) for name in order)
    used = dict.fromkeys(name for each in systems for name in each.repositories)
    return DrillPlan(
        scenario=scenario,
        digest=digest,
        systems=systems,
        repositories={name: material.repositories[name] for name in used},
    )


def tried_repositories(asked: ScenarioSystem, scenario: Scenario, material: Material) -> tuple[str, ...]:
    """Return where a system is fetched from, in order: those named, else the plan's that are left, far ones first.

    By the escrow key only those can be opened that name one.
    """
    far = material.far.get(asked.id, frozenset())
    plan = material.plans[asked.id]
    names = asked.repositories or tuple(sorted(plan.repositories, key=lambda name: name not in far))
    known = {name: material.repositories[name] for name in names if name in material.repositories}
    left = {name: each for name, each in known.items() if each.place not in scenario.lost_places}
    if scenario.kind is DrillKind.LOST_KEY:
        left = {name: each for name, each in left.items() if each.escrow is not None}
    return tuple(left)


def _system(asked: ScenarioSystem, scenario: Scenario, material: Material, order: Sequence[str]) -> PlannedSystem:
    plan, recovery = material.plans[asked.id], material.recoveries[asked.id]
    system = material.systems.get(asked.id)
    repositories = tried_repositories(asked, scenario, material)
    before = needed_before(asked.id, material.depends_on())
    taken = chosen(asked, scenario.kind, plan, recovery)
    return PlannedSystem(
        id=asked.id,
        name=system.name if system else bilingual(_OURSELVES),
        plan=plan,
        recovery=recovery,
        sources=taken.sources,
        repositories=repositories,
        far=material.far.get(asked.id, frozenset()) & set(repositories),
        services=taken.services,
        checks=taken.checks,
        after=tuple(name for name in order if name in before),
        paths=asked.paths,
        tables=asked.tables,
        rto_seconds=_strictest(asked.rto_seconds, plan.rto_seconds, system.rto_seconds if system else None),
        rpo_seconds=_strictest(asked.rpo_seconds, plan.rpo_seconds, system.rpo_seconds if system else None),
    )


_OURSELVES = message("this program itself: site folder, evidence and keys")


def _strictest(*targets: int | None) -> int | None:
    return min((each for each in targets if each is not None), default=None)
