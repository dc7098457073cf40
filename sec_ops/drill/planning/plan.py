"""What a drill is going to do: a scenario with everything it refers to, free of faults."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sec_ops.model.backup_plan import BackupPlan, Repository
from sec_ops.model.drill_scenario import Recovery, RecoveryCheck, RecoveryService, Scenario
from sec_ops.model.values import Text

__all__ = ["DrillPlan", "PlannedSystem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSystem:
    """A key system of a drill, or this program itself (`sec-ops`).

    Targets are seconds, the strictest of scenario, plan and system; None: nobody says. `repositories` are tried in
    this order; those in `far` are off-site for the system. `sources` are fetched, in the plan's order; only `paths` of
    them (absolute, as they were) where some are named. `tables` must come back as they were saved, where some are
    named. `services` and `checks` are those of the recovery that count. `after` are the systems of this drill that must
    work before its services start, through others too, in the order of the drill.
    """

    id: str
    name: Text
    plan: BackupPlan
    recovery: Recovery
    sources: tuple[str, ...]
    repositories: tuple[str, ...]
    far: frozenset[str] = frozenset()
    services: tuple[RecoveryService, ...] = ()
    checks: tuple[RecoveryCheck, ...] = ()
    after: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    rto_seconds: int | None = None
    rpo_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillPlan:
    """A drill that can be run: `systems` in an order in which each follows those it depends on; none at a table-top.

    `repositories` are those of all systems by id; `digest` is the SHA-256 of scenario and recoveries as read.
    """

    scenario: Scenario
    digest: str
    systems: tuple[PlannedSystem, ...] = ()
    repositories: Mapping[str, Repository] = field(default_factory=dict)
