"""Plans as the command line works with them: read with the inventory, shown row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sec_ops.backup.planning.checking import load_plans, secret_faults
from sec_ops.backup.planning.findings import Finding, Planned, exposure_seconds, findings
from sec_ops.backup.planning.measuring import great_circle_km, recovery_point_seconds, recovery_time_seconds
from sec_ops.backup.sources import is_verified
from sec_ops.content.kinds import PLANS, REPOSITORIES
from sec_ops.content.library import Library
from sec_ops.identity.approvals import ContentApprovals, read_approvals
from sec_ops.identity.people import load_people
from sec_ops.inventory.loading import load_inventory
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.errors import ContentInvalid
from sec_ops.model.organisation import Host
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site, find_site
from sec_ops.schedule.timing import next_due
from sec_ops.transport.process import run_program

__all__ = ["Room", "found", "load_example", "load_site", "require_secrets", "rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Plans without faults, and the site they are of (none for the example); `known_hosts` has its hosts' keys."""

    planned: Planned
    library: Library
    settings: BackupSettings
    zone: ZoneInfo
    site: Site | None
    hosts: Mapping[str, Host] = field(default_factory=dict)
    known_hosts: Path = Path()


def load_example() -> Room:
    """Return the plans of the example organisation."""
    library = Library.open(None)
    settings = BackupSettings()
    planned = load_plans(library, load_inventory(None, run_program, library=library), settings)
    return Room(planned=planned, library=library, settings=settings, zone=ZoneInfo("Asia/Shanghai"), site=None)


def load_site(named: str | None) -> Room:
    """Return the plans of a site; raises ContentInvalid with every fault."""
    site = find_site(named)
    configuration = load_configuration(site)
    library = Library.open(site.root)
    inventory = load_inventory(site.root, run_program, library=library, cache=site.state / "inventory")
    return Room(
        planned=load_plans(library, inventory, configuration.backup),
        library=library,
        settings=configuration.backup,
        zone=ZoneInfo(configuration.schedule.zone),
        site=site,
        hosts=inventory.hosts,
        known_hosts=site.root / configuration.collection.known_hosts,
    )


def require_secrets(room: Room) -> None:
    """Read every secret this controller needs; raises ContentInvalid with all that can't be read, and NotApproved."""
    root = room.site.root if room.site else Path()
    if room.site is not None:
        kept, people = read_approvals(room.site.approvals), load_people(room.library)
        check = ContentApprovals(approvals=kept, people=people, run_program=run_program)
        room.library.require_approval(check, PLANS, REPOSITORIES)
    read_secret = Secrets(run_program=run_program)
    faults = list(secret_faults(room.planned, room.library, read_secret, folder=root, place=room.settings.place))
    if faults:
        raise ContentInvalid(faults)


def found(room: Room) -> Sequence[Finding]:
    """Return what the plans leave open."""
    return findings(room.planned)


def rows(room: Room) -> list[dict[str, Any]]:
    """Return each plan as JSON shows it."""
    return [_row(plan, room) for plan in room.planned.plans.values()]


def _row(plan: BackupPlan, room: Room) -> dict[str, Any]:
    planned = room.planned
    system = planned.systems.get(plan.id)
    home = planned.places[plan.place]
    due = utc_text(next_due(plan.timing, SystemClock().now(), room.zone)) if plan.enabled else None
    return {
        "system": plan.id,
        "enabled": plan.enabled,
        "answers": plan.answers,
        "sources": [
            {"id": each.id, "kind": each.kind, "host": each.host, "verified": is_verified(each)}
            for each in plan.sources
        ],
        "rpo_seconds": recovery_point_seconds(plan, system),
        "rto_seconds": recovery_time_seconds(plan, system),
        "exposure_seconds": exposure_seconds(plan),
        "copies": [
            {
                "repository": name,
                "place": planned.repositories[name].place,
                "km": round(great_circle_km(home, planned.place_of(name)), 1),
            }
            for name in plan.repositories
        ],
        "next_due": due,
    }
