"""All of a site's plans, checked: every fault at once, then what they leave open."""

from collections.abc import Iterator
from pathlib import Path

from sec_ops.backup.planning.faults import host_faults, plan_faults
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.planning.own import all_plans, own_faults
from sec_ops.backup.restic.opening import open_repository, placed
from sec_ops.content.kinds import PLACES, PLANS, REPOSITORIES
from sec_ops.content.library import Library
from sec_ops.inventory.inventory import Inventory
from sec_ops.model.backup_plan import BackupPlan, Repository
from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.errors import ContentInvalid, Fault
from sec_ops.model.protocols import SecretReader

__all__ = ["load_plans", "secret_faults"]


def load_plans(library: Library, inventory: Inventory, settings: BackupSettings) -> Planned:
    """Return the plans of a site with all they refer to; raises ContentInvalid with every fault of every file.

    Of a file that can't be read as what it should be nothing more is told, nor of what may refer to one.
    """
    named, faults = list(library.faults(PLACES, REPOSITORIES)), list(library.faults(PLANS))
    if named:
        faults += named
    else:
        read = library.readable(PLANS)
        faults += [*plan_faults(read), *host_faults(read, inventory.hosts), *own_faults(read, settings)]
    if faults:
        raise ContentInvalid(sorted(faults, key=lambda fault: (fault.file, fault.line)))
    return Planned(
        systems=inventory.systems,
        plans=all_plans(library, settings),
        repositories={name: each.value for name, each in library.objects(REPOSITORIES).items()},
        places={name: each.value for name, each in library.objects(PLACES).items()},
        off_site_km=settings.off_site_km,
    )


def secret_faults(
    planned: Planned, library: Library, read_secret: SecretReader, *, folder: Path, place: str | None
) -> Iterator[Fault]:
    """Tell every secret that can't be read here: of repositories at `place`, and of the plans that write there.

    Asking runs the commands that tell secrets: content must have been approved before.
    """
    ours = {name for name, each in planned.repositories.items() if place in (None, each.place)}
    for plan in planned.plans.values():
        if plan.enabled and plan.repository in ours:
            yield from _of_sources(plan, library, read_secret, folder)
    used = {name for plan in planned.plans.values() if plan.enabled for name in plan.repositories}
    for name in sorted(used & ours):
        yield from _of_repository(planned.repositories[name], library, read_secret, folder)


def _of_sources(plan: BackupPlan, library: Library, read_secret: SecretReader, folder: Path) -> Iterator[Fault]:
    for index, source in enumerate(plan.sources):
        try:
            if source.password is not None:
                read_secret(placed(source.password, folder))
        except ContentInvalid as error:
            for fault in error.faults:
                yield library.fault(PLANS, plan.id, ("sources", index, "password"), fault.message, fault.advice)


def _of_repository(
    repository: Repository, library: Library, read_secret: SecretReader, folder: Path
) -> Iterator[Fault]:
    ways = {"": repository, **{host: repository.opened_by(host) for host in repository.hosts}}
    told: set[tuple[tuple[str, ...], str]] = set()
    for host, way in ways.items():
        try:
            open_repository(way or repository, read_secret, folder=folder)
        except ContentInvalid as error:
            for fault in error.faults:
                path = _place(fault.path.partition(":")[0], host, repository)
                if (path, str(fault.message)) in told:
                    continue
                told.add((path, str(fault.message)))
                yield library.fault(REPOSITORIES, repository.id, path, fault.message, fault.advice)


def _place(key: str, host: str, repository: Repository) -> tuple[str, ...]:
    """Return where in the file a fault stands: with a host, what is not its own is the repository's."""
    access = repository.hosts[host] if host else repository
    if key in access.credentials:
        return ("hosts", host, "credentials", key) if host else ("credentials", key)
    return ("hosts", host, key) if host and getattr(access, key, None) else (key,)
