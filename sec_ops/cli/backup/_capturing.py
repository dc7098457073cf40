"""Sources of plans as the command line works with them: chosen, with secret and doors."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sec_ops.backup.dumping.local import LocalDoors
from sec_ops.backup.restic.opening import placed
from sec_ops.backup.source import Doors, Order
from sec_ops.cli.backup._planning import Room
from sec_ops.model.backup_plan import BackupPlan, SourceSettings
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.secrets import Secrets
from sec_ops.transport.process import run_program

__all__ = ["Chosen", "chosen", "order_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A source of a plan that this controller looks after."""

    plan: BackupPlan
    source: SourceSettings

    @property
    def name(self) -> str:
        """Return plan and source: `records/database`."""
        return f"{self.plan.id}/{self.source.id}"


def chosen(room: Room, system: str = "") -> Iterator[Chosen]:
    """Return the sources of enabled plans, of all or of one."""
    for plan in room.planned.plans.values():
        if plan.enabled and system in ("", plan.id):
            yield from (Chosen(plan=plan, source=source) for source in plan.sources)


def order_of(each: Chosen, room: Room, deadline_seconds: float, doors: Doors | None = None) -> Order:
    """Return the order to speak to a source, on this machine unless doors lead elsewhere.

    Raises ContentInvalid for a secret that can't be read.
    """
    assert room.site is not None  # noqa: S101 - only sites have sources
    reference = each.source.password
    read_secret = Secrets(run_program=run_program)
    return Order(
        source=each.source,
        doors=doors or LocalDoors(clock=SystemClock()),
        last_good=_never,
        secret=read_secret(placed(reference, room.site.root)) if reference else None,
        deadline_seconds=deadline_seconds,
    )


def _never(part: str) -> datetime | None:  # noqa: ARG001 - the protocol names it
    return None
