"""Faults of all recoveries and scenarios, each at its line."""

from collections.abc import Iterator

from sec_ops.content.kinds import DRILLS, RECOVERIES
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.drill.planning.material import Material
from sec_ops.drill.planning.order import needed_before
from sec_ops.drill.planning.recovery_faults import recovery_faults
from sec_ops.drill.planning.scenario_faults import scenario_faults
from sec_ops.model.backup_plan import SELF
from sec_ops.model.errors import Fault
from sec_ops.model.messages import message

__all__ = ["drill_faults"]


def drill_faults(library: Library, material: Material) -> Iterator[Fault]:
    """Tell every fault of every recovery and scenario."""
    for name, recovery in material.recoveries.items():
        if name not in material.systems and name != SELF:
            what = message("no key system has the id {id}", id=name)
            yield library.fault(RECOVERIES, name, ("id",), what, did_you_mean(name, material.systems))
        standing = _standing_before(name, material)
        for path, what, advice in recovery_faults(recovery, material.plans.get(name), material.production, standing):
            yield library.fault(RECOVERIES, name, path, what, advice)
    for name, scenario in material.scenarios.items():
        for path, what, advice in scenario_faults(scenario, material):
            yield library.fault(DRILLS, name, path, what, advice)


def _standing_before(system: str, material: Material) -> list[str]:
    """Return the services of all systems that one depends on, as settings name them."""
    before = needed_before(system, material.depends_on())
    found = {name: material.recoveries[name].services for name in sorted(before) if name in material.recoveries}
    return [f"{name}.{service.id}" for name, services in found.items() for service in services]
