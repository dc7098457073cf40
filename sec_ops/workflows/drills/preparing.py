"""What a drill would find today: restore points by what is recorded, room, and what of all it needs is missing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sec_ops.backup.record.record import Record
from sec_ops.backup.restic.opening import open_repository, placed
from sec_ops.backup.retaining.known import points_in
from sec_ops.backup.retaining.points import RestorePoint, newest_good
from sec_ops.drill.planning.needs import lacking_programs
from sec_ops.drill.planning.plan import DrillPlan, PlannedSystem
from sec_ops.drill.sandbox.room import reserve_of, room_of
from sec_ops.model.backup_plan import Repository, SecretReference
from sec_ops.model.drill_scenario import DrillKind, PointChoice
from sec_ops.model.drill_scenario import Fault as Injected
from sec_ops.model.errors import ContentInvalid, Fault, SecOpsError
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import SecretReader
from sec_ops.model.text import bytes_text
from sec_ops.workflows.drills.injecting import cannot_inject

__all__ = ["Need", "Prepared", "Spot", "prepared", "require_drill_secrets"]

_TIMES = 2
"""Restored data lies there once as it was fetched, and once more as loaded into a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A system in a repository: the run that would be restored by what is recorded, None when nothing counts there.

    `bytes` are what its snapshots read, which is what comes back.
    """

    system: str
    repository: str
    run: str | None = None
    arrived: datetime | None = None
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that is missing for the drill; `kind` is its name in JSON."""

    kind: str
    what: Message
    advice: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a drill would find; `needed_bytes` is an estimate, `free_bytes` what there is."""

    spots: tuple[Spot, ...]
    needs: tuple[Need, ...]
    needed_bytes: int
    free_bytes: int


def prepared(
    plan: DrillPlan, record: Record, scratch: Path, approved: Callable[[], None], secrets: Callable[[], None]
) -> Prepared:
    """Return what a drill would find; nothing is fetched and no repository is asked.

    `approved` raises NotApproved for content that executes and that nobody approved, `secrets` ContentInvalid for
    secrets that can't be read.
    """
    spots = tuple(_spot(each, name, plan, record) for each in plan.systems for name in each.repositories)
    first = {each.system: each for each in reversed(spots) if each.run is not None}
    needed = _TIMES * sum(each.bytes for each in first.values())
    total, room = room_of(next(each for each in (scratch, *scratch.parents) if each.exists()))
    free, kept = room.bytes, reserve_of(total, room).bytes
    needs = [*_programs(plan), *_points(plan, first), *_injections(plan)]
    if needed > free - kept:
        needs.append(_room(scratch, needed, free, kept))
    needs += [*_refused("approval", approved), *_refused("secret", secrets)]
    return Prepared(spots=spots, needs=tuple(needs), needed_bytes=needed, free_bytes=free)


def require_drill_secrets(plan: DrillPlan, read_secret: SecretReader, folder: Path) -> None:
    """Read every secret of a drill; raises ContentInvalid with all that can't be read. Content was approved before.

    Where the usual key is lost, the escrow key is read in its place; relative paths are taken from `folder`.
    """
    reads: list[Callable[[], object]] = [
        partial(_opened, each, plan, read_secret, folder) for each in plan.repositories.values()
    ]
    reads += [partial(read_secret, placed(each, folder)) for each in _references(plan)]
    faults = [fault for read in reads for fault in _faults_of(read)]
    if faults:
        raise ContentInvalid(faults)


def _opened(repository: Repository, plan: DrillPlan, read_secret: SecretReader, folder: Path) -> object:
    escrow = repository.escrow if plan.scenario.kind is DrillKind.LOST_KEY else None
    by_key = repository.model_copy(update={"password": escrow}) if escrow else repository
    return open_repository(by_key, read_secret, folder=folder)


def _references(plan: DrillPlan) -> Iterator[SecretReference]:
    """Return what checks sign in with."""
    for system in plan.systems:
        for check in system.checks:
            secret = check.settings.get("secret")
            if isinstance(secret, dict):
                yield secret


def _faults_of(read: Callable[[], object]) -> tuple[Fault, ...]:
    try:
        read()
    except ContentInvalid as error:
        return error.faults
    return ()


def _spot(system: PlannedSystem, repository: str, plan: DrillPlan, record: Record) -> Spot:
    points = points_in(record, repository, system.id)
    held = [each.arrival for each in points if each.held]
    if plan.scenario.point is PointChoice.BEFORE_ENCRYPTION and held:
        points = tuple(each for each in points if each.arrival < min(held))
    point = newest_good(points)
    if point is None:
        return Spot(system=system.id, repository=repository)
    return Spot(
        system=system.id,
        repository=repository,
        run=point.run,
        arrived=point.arrived,
        bytes=_bytes(point, system),
    )


def _bytes(point: RestorePoint, system: PlannedSystem) -> int:
    return sum(each.counts.bytes_read for each in point.data if each.source in system.sources)


def _programs(plan: DrillPlan) -> Iterator[Need]:
    for each in lacking_programs(plan):
        yield Need(
            kind="program",
            what=message("{program} is not installed", program=each.program),
            advice=message("install it: apt-get install {package}", package=each.package) if each.package else None,
        )


def _points(plan: DrillPlan, first: dict[str, Spot]) -> Iterator[Need]:
    for system in plan.systems:
        if system.id not in first:
            yield Need(
                kind="point",
                what=message("no restore point of {system} is recorded that counts", system=system.id),
                advice=message("look into the repositories: sec-ops backup status --refresh"),
            )


def _injections(plan: DrillPlan) -> Iterator[Need]:
    """Tell faults of the scenario that the repositories asked first can't be given."""
    damage = (Injected.DAMAGED_PACK,) if plan.scenario.kind is DrillKind.DAMAGED_COPY else ()
    faults = {*damage, *plan.scenario.inject}
    for name in dict.fromkeys(each.repositories[0] for each in plan.systems):
        for what in cannot_inject(faults, plan.repositories[name]):
            yield Need(kind="inject", what=what, advice=message("name another repository first in the scenario"))


def _room(scratch: Path, needed: int, free: int, kept: int) -> Need:
    what = message(
        "{folder} has {free} free, of which {kept} are kept for all else, and about {needed} are needed",
        folder=scratch,
        free=bytes_text(free),
        needed=bytes_text(needed),
        kept=bytes_text(kept),
    )
    return Need(kind="room", what=what, advice=message("make room, or name fewer systems in the scenario"))


def _refused(kind: str, ask: Callable[[], None]) -> Iterator[Need]:
    try:
        ask()
    except ContentInvalid as error:
        for fault in error.faults:
            what = message("{place}: {what}", place=fault.place, what=fault.message)
            yield Need(kind=kind, what=what, advice=fault.advice or error.advice)
    except SecOpsError as error:
        yield Need(kind=kind, what=error.what, advice=error.advice)
