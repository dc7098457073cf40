"""How a plan's sources are loaded: read only when a restore needs the plan."""

from sec_ops.backup.restoring.restore import Loadable
from sec_ops.backup.sources import source_of
from sec_ops.cli.backup._capturing import Chosen, order_of
from sec_ops.cli.backup._planning import load_site
from sec_ops.cli.backup._running import require_approval
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message

__all__ = ["loadable", "plan_of"]


def plan_of(named: str | None, system: str) -> BackupPlan:
    """Return the plan of a system; raises UsageError when the site has none."""
    plan = load_site(named).planned.plans.get(system)
    if plan is None:
        what = message("no plan is of the system {system}", system=system)
        raise UsageError(what, advice=message("name the repository: --repository ID"))
    return plan


def loadable(named: str | None, system: str, source: str) -> Loadable:
    """Return how a source is loaded on this machine; raises UsageError when no plan says, NotApproved."""
    room = load_site(named)
    plan = room.planned.plans.get(system)
    settings = next((each for each in plan.sources if each.id == source), None) if plan else None
    advice = message("restore its dump into a folder, and load it by the database's own means")
    if plan is None or settings is None or room.site is None:
        raise UsageError(message("no plan here says how {source} is loaded", source=source), advice=advice)
    if settings.host:
        what = message(
            "{source} is on {host}, and a dump is loaded on this machine only", source=source, host=settings.host
        )
        raise UsageError(what, advice=advice)
    require_approval(room, room.site)
    order = order_of(Chosen(plan=plan, source=settings), room, plan.deadline_minutes * 60.0)
    return Loadable(source=source_of(settings.kind), order=order)
