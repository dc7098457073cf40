"""Repositories named on the command line, opened."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sec_ops.model.backup_plan import Repository
from sec_ops.model.errors import ContentInvalid, Fault, UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.site import Site

if TYPE_CHECKING:
    from sec_ops.backup.restic.client import Restic
    from sec_ops.model.protocols import SecretReader

__all__ = ["named_repositories", "opened", "read_secrets", "secret_file"]


def named_repositories(site: Site, names: Sequence[str]) -> list[Repository]:
    """Return the site's repositories with these ids, all when none is named.

    Raises ContentInvalid for faults and for commands that nobody approved, UsageError for an unknown name.
    """
    from sec_ops.content.kinds import REPOSITORIES
    from sec_ops.content.library import Library
    from sec_ops.content.model_faults import did_you_mean
    from sec_ops.identity.approvals import ContentApprovals, read_approvals
    from sec_ops.identity.people import load_people
    from sec_ops.transport.process import run_program

    library = Library.open(site.root)
    library.load(REPOSITORIES)
    people, approvals = load_people(library), read_approvals(site.approvals)
    library.require_approval(
        ContentApprovals(approvals=approvals, people=people, run_program=run_program), REPOSITORIES
    )
    known = {name: loaded.value for name, loaded in library.objects(REPOSITORIES).items()}
    for name in names:
        if name not in known:
            advice = did_you_mean(name, known) or message("repositories stand in backup/repositories/")
            raise UsageError(message("no repository has the id {id}", id=name), advice=advice)
    return [known[name] for name in names or sorted(known)]


def opened(site: Site, repositories: Sequence[Repository]) -> "list[Restic]":
    """Return them through the restic door; raises ContentInvalid with the faults of all, ProgramMissing."""
    from sec_ops.backup.restic.client import Restic
    from sec_ops.backup.restic.doors import site_doors
    from sec_ops.backup.restic.opening import open_repository

    doors, reader = site_doors(site), read_secrets()
    found, faults = [], list[Fault]()
    for repository in repositories:
        try:
            found.append(Restic(repository=open_repository(repository, reader, folder=site.root), doors=doors))
        except ContentInvalid as error:
            faults += error.faults
    if faults:
        raise ContentInvalid(faults)
    return found


def read_secrets() -> "SecretReader":
    """Return what reads secrets by their references."""
    from sec_ops.runtime.secrets import Secrets
    from sec_ops.transport.process import run_program

    return Secrets(run_program=run_program)


def secret_file(site: Site, repository: Repository) -> Path | None:
    """Return the file the password is read from, None when it comes from elsewhere."""
    name = repository.password.get("file")
    return site.root / Path(name).expanduser() if name else None
