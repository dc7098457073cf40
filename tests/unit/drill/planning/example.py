"""The example organisation as drills are planned from it."""

from functools import cache
from typing import Any

from sec_ops.content.kinds import DRILLS, PLACES, PLANS, RECOVERIES, REPOSITORIES, SYSTEMS, Kind
from sec_ops.content.library import Library
from sec_ops.drill.planning.addresses import production_of
from sec_ops.drill.planning.material import Material
from sec_ops.model.drill_scenario import Scenario

SECOND_SITE = "second-site"


@cache
def material() -> Material:
    """Return all of it; copies at the second site are off-site."""
    library = Library.open(None)
    plans, repositories = _values(library, PLANS), _values(library, REPOSITORIES)
    far = {
        name: frozenset(each for each in plan.repositories if repositories[each].place == SECOND_SITE)
        for name, plan in plans.items()
    }
    return Material(
        systems=_values(library, SYSTEMS),
        plans=plans,
        repositories=repositories,
        places=_values(library, PLACES),
        recoveries=_values(library, RECOVERIES),
        scenarios=_values(library, DRILLS),
        far=far,
        production=production_of(
            systems=_values(library, SYSTEMS).values(), plans=plans.values(), repositories=repositories.values()
        ),
    )


def scenario(kind: str, *systems: dict[str, Any], **more: Any) -> Scenario:
    """Return a scenario of a kind."""
    text = {"zh": "演练", "en": "drill"}
    return Scenario.model_validate(
        {"id": "drill", "title": text, "aim": text, "kind": kind, "systems": systems, **more}
    )


def _values(library: Library, kind: Kind[Any]) -> dict[str, Any]:
    return {name: each.value for name, each in library.objects(kind).items()}
