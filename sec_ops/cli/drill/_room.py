"""Drills as the command line works with them: scenarios with plans and inventory, and what was sealed before."""

from dataclasses import dataclass

from sec_ops.cli.backup._planning import Room, load_example, load_site
from sec_ops.cli.failure import warn
from sec_ops.cli.output import note
from sec_ops.evidence.log import EvidenceLog
from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.site import Site
from sec_ops.workflows.drills.planning import Drills, load_drills
from sec_ops.workflows.drills.sealed import SealedDrill, sealed_drills
from sec_ops.workflows.drills.whole import Settled, settle_drills

__all__ = ["DrillRoom", "example_room", "past_drills", "site_room", "tell_settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRoom:
    """Scenarios without faults, and the plans they are of."""

    room: Room
    drills: Drills

    @property
    def site(self) -> Site:
        """Return the site; the example has none."""
        assert self.room.site is not None  # noqa: S101 - the example is only looked at
        return self.room.site


def site_room(named: str | None) -> DrillRoom:
    """Return the drills of a site; raises ContentInvalid with every fault."""
    return _room(load_site(named))


def example_room() -> DrillRoom:
    """Return the drills of the example organisation."""
    return _room(load_example())


def past_drills(site: Site, log: EvidenceLog) -> tuple[SealedDrill, ...]:
    """Return what was sealed of drills, oldest first; one that was killed is sealed now, where that can be done.

    Raises EvidenceBroken.
    """
    try:
        settled = settle_drills(site, log, SystemClock())
    except StorageError as error:
        note(error.what)
    else:
        tell_settled(settled)
    return sealed_drills(log, site.state / "drill")


def tell_settled(settled: Settled) -> None:
    """Say which killed drills were sealed, and which could not be."""
    for run in settled.runs:
        note(message("the drill {run} was killed; what was left of it is removed, and it is sealed", run=run))
    for error in settled.refused:
        warn(error)


def _room(room: Room) -> DrillRoom:
    return DrillRoom(room=room, drills=load_drills(room.library, room.planned, room.hosts))
