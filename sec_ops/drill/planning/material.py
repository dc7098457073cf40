"""All that drills are planned from, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sec_ops.content.yaml_reader import Path
from sec_ops.drill.planning.addresses import Production
from sec_ops.model.backup_plan import BackupPlan, Place, Repository
from sec_ops.model.drill_scenario import Recovery, Scenario
from sec_ops.model.messages import Message
from sec_ops.model.organisation import KeySystem

__all__ = ["Found", "Material"]

Found = tuple[Path, Message, Message | None]
"""Where in an object, what is wrong, and advice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Scenarios and recoveries with the inventory and the plans they refer to, by their ids.

    `far` tells which repositories of a system's plan are off-site for it; `production` what nothing may connect to.
    """

    systems: Mapping[str, KeySystem]
    plans: Mapping[str, BackupPlan]
    repositories: Mapping[str, Repository]
    places: Mapping[str, Place]
    recoveries: Mapping[str, Recovery]
    scenarios: Mapping[str, Scenario]
    far: Mapping[str, frozenset[str]] = field(default_factory=dict)
    production: Production = field(default_factory=Production)

    def depends_on(self) -> Mapping[str, tuple[str, ...]]:
        """Return what each key system depends on."""
        return {name: each.depends_on for name, each in self.systems.items()}
