"""What is wrong with scenarios: systems, plans, recoveries and repositories that are not there or don't serve it."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import Path
from sec_ops.drill.planning.choosing import holds
from sec_ops.drill.planning.making import tried_repositories
from sec_ops.drill.planning.material import Found, Material
from sec_ops.model.backup_plan import SELF, BackupPlan
from sec_ops.model.drill_scenario import DrillKind, Recovery, Scenario, ScenarioSystem
from sec_ops.model.messages import message

__all__ = ["scenario_faults"]


def scenario_faults(scenario: Scenario, material: Material) -> Iterator[Found]:
    """Tell every fault of a scenario against inventory, plans, repositories and recoveries."""
    for index, place in enumerate(scenario.lost_places):
        if place not in material.places:
            what = message("no place has the id {id}", id=place)
            advice = did_you_mean(place, material.places) or message("places are listed in backup/places.yml")
            yield ("lost_places", index), what, advice
    for index, asked in enumerate(scenario.systems):
        yield from _system(("systems", index), asked, scenario, material)


def _system(base: Path, asked: ScenarioSystem, scenario: Scenario, material: Material) -> Iterator[Found]:
    if asked.id not in material.systems and asked.id != SELF:
        what = message("no key system has the id {id}", id=asked.id)
        yield (*base, "id"), what, did_you_mean(asked.id, material.systems)
        return
    recovery, plan = material.recoveries.get(asked.id), material.plans.get(asked.id)
    if recovery is None:
        what = message("nothing says how {system} comes back", system=asked.id)
        yield (*base, "id"), what, message("write backup/recoveries/{system}.yml", system=asked.id)
    else:
        yield from _checks(base, asked, recovery)
        yield from _moment(base, scenario, recovery)
    if plan is None or not plan.enabled:
        what = message("nothing saves {system}, so nothing can come back", system=asked.id)
        yield (*base, "id"), what, message("write backup/plans/{system}.yml", system=asked.id)
        return
    yield from _paths(base, asked, plan)
    named = list(_repositories(base, asked, plan, scenario, material))
    yield from named or _left(base, asked, scenario, material)


def _checks(base: Path, asked: ScenarioSystem, recovery: Recovery) -> Iterator[Found]:
    known = [each.id for each in recovery.checks]
    for index, name in enumerate(asked.checks):
        if name not in known:
            what = message("the recovery of {system} has no check {name}", system=asked.id, name=name)
            yield (*base, "checks", index), what, did_you_mean(name, known)


def _moment(base: Path, scenario: Scenario, recovery: Recovery) -> Iterator[Found]:
    if scenario.kind is DrillKind.MOMENT and not any(each.settings.get("log") for each in recovery.services):
        what = message("{system} can't go to a chosen moment: no service replays a log", system=recovery.id)
        yield (*base, "id"), what, message("save it as postgresql_base, and name base and log in its recovery")


def _paths(base: Path, asked: ScenarioSystem, plan: BackupPlan) -> Iterator[Found]:
    for index, path in enumerate(asked.paths):
        if not PurePosixPath(path).is_absolute():
            yield (*base, "paths", index), message("wants an absolute path, as it stands on the system"), None
        elif not any(holds(each, path) for each in plan.sources):
            what = message("no source of {system} saves {path}", system=asked.id, path=path)
            yield (*base, "paths", index), what, message("see what is saved: sec-ops backup plans")


def _repositories(
    base: Path, asked: ScenarioSystem, plan: BackupPlan, scenario: Scenario, material: Material
) -> Iterator[Found]:
    for index, name in enumerate(asked.repositories):
        path = (*base, "repositories", index)
        if name not in plan.repositories:
            what = message("{system} is not saved in {repository}", system=asked.id, repository=name)
            yield path, what, did_you_mean(name, plan.repositories)
        elif name in material.repositories and material.repositories[name].place in scenario.lost_places:
            yield path, message("{repository} is lost with its place", repository=name), None


def _left(base: Path, asked: ScenarioSystem, scenario: Scenario, material: Material) -> Iterator[Found]:
    """Tell when too few repositories are left to rehearse this."""
    left: Sequence[str] = tried_repositories(asked, scenario, material)
    if not left and scenario.kind is DrillKind.LOST_KEY:
        what = message("no repository of {system} names its escrow key", system=asked.id)
        yield (*base, "id"), what, message("name it as escrow in the repository's file, where this machine may read it")
    elif not left:
        what = message("no copy of {system} lies outside the lost places", system=asked.id)
        yield (*base, "id"), what, message("add a copy at another place to its plan")
    elif len(left) < 2 and scenario.kind is DrillKind.DAMAGED_COPY:
        what = message("{system} has no second copy to go on with", system=asked.id)
        yield (*base, "id"), what, message("add a copy at another place to its plan")
