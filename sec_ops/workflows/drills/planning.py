"""Scenarios of a site with the inventory and the plans they refer to, checked all at once."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sec_ops.backup.planning.findings import Planned, off_site_copies
from sec_ops.content.kinds import DRILLS, RECOVERIES, Kind
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean
from sec_ops.drill.planning.addresses import production_of
from sec_ops.drill.planning.checking import drill_faults
from sec_ops.drill.planning.making import made_plan
from sec_ops.drill.planning.material import Material
from sec_ops.drill.planning.plan import DrillPlan
from sec_ops.model.canonical import canonical_json
from sec_ops.model.drill_scenario import Scenario
from sec_ops.model.errors import ContentInvalid, UsageError
from sec_ops.model.messages import message
from sec_ops.model.organisation import Host

__all__ = ["Drills", "load_drills", "material_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drills:
    """A site's scenarios, free of faults."""

    material: Material
    library: Library

    def plan(self, name: str) -> DrillPlan:
        """Return the plan of a scenario; raises UsageError."""
        scenario = self.material.scenarios.get(name)
        if scenario is None:
            known = self.material.scenarios
            advice = did_you_mean(name, known) or message("name one of: {names}", names=", ".join(known) or "-")
            raise UsageError(message("no scenario is called {name}", name=name), advice=advice)
        if not scenario.enabled:
            advice = message("remove enabled: false from backup/drills/{name}.yml", name=name)
            raise UsageError(message("the scenario {name} is switched off", name=name), advice=advice)
        return made_plan(scenario, self.material, self._digest(scenario))

    def _digest(self, scenario: Scenario) -> str:
        recoveries = self.library.objects(RECOVERIES)
        lines = [["drills", scenario.id, self.library.objects(DRILLS)[scenario.id].origin.sha256]]
        lines += [["recoveries", each.id, recoveries[each.id].origin.sha256] for each in scenario.systems]
        return hashlib.sha256(canonical_json(lines)).hexdigest()


def load_drills(library: Library, planned: Planned, hosts: Mapping[str, Host]) -> Drills:
    """Return the scenarios of a site; raises ContentInvalid with every fault of every scenario and recovery."""
    faults = list(library.faults(RECOVERIES, DRILLS))
    material = Material(systems={}, plans={}, repositories={}, places={}, recoveries={}, scenarios={})
    if not faults:
        far = {name: frozenset(off_site_copies(plan, planned)) for name, plan in planned.plans.items()}
        material = material_of(library, planned, hosts.values(), far)
        faults = list(drill_faults(library, material))
    if faults:
        raise ContentInvalid(sorted(faults, key=lambda fault: (fault.file, fault.line)))
    return Drills(material=material, library=library)


def material_of(
    library: Library, planned: Planned, hosts: Iterable[Host] = (), far: Mapping[str, frozenset[str]] | None = None
) -> Material:
    """Return what drills are planned from; `far` are the off-site repositories of each system, where they are known."""
    return Material(
        systems=planned.systems,
        plans=planned.plans,
        repositories=planned.repositories,
        places=planned.places,
        recoveries=_values(library, RECOVERIES),
        scenarios=_values(library, DRILLS),
        far=far or {},
        production=production_of(
            hosts=hosts,
            systems=planned.systems.values(),
            plans=planned.plans.values(),
            repositories=planned.repositories.values(),
        ),
    )


def _values(library: Library, kind: Kind[Any]) -> Mapping[str, Any]:
    return {name: loaded.value for name, loaded in library.objects(kind).items()}
