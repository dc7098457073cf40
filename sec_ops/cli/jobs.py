"""All jobs of a site: the standard ones, those of its backup plans and drills, and its own."""

from sec_ops.model.job import Job, Timing
from sec_ops.model.site import SiteConfiguration
from sec_ops.runtime.site import Site
from sec_ops.schedule.jobs import jobs_of

__all__ = ["jobs_of_site"]


def jobs_of_site(site: Site, configuration: SiteConfiguration) -> tuple[Job, ...]:
    """Return every job; plans with faults make none but the check that tells of them. Raises ContentInvalid."""
    file = str(site.configuration)
    return jobs_of(configuration.schedule.jobs, file=file, more=(*_of_plans(site, configuration), *_of_drills(site)))


def _of_plans(site: Site, configuration: SiteConfiguration) -> tuple[Job, ...]:
    if configuration.backup.own is None and not any((site.root / "backup" / "plans").glob("*.yml")):
        return ()
    from sec_ops.backup.planning.jobs import jobs_of_plans
    from sec_ops.backup.planning.own import all_plans
    from sec_ops.cli.backup import VERBS
    from sec_ops.content.kinds import PLANS, REPOSITORIES
    from sec_ops.content.library import Library

    library = Library.open(site.root).readable(PLANS, REPOSITORIES)
    plans = all_plans(library, configuration.backup)
    repositories = {name: loaded.value for name, loaded in library.objects(REPOSITORIES).items()}
    return jobs_of_plans(plans, repositories, configuration.backup.place, VERBS)


def _of_drills(site: Site) -> tuple[Job, ...]:
    """Return the weekly look at drills, where some are laid down: it fails, and so is told of, when one is due."""
    return (_DRILLS,) if any((site.root / "backup" / "drills").glob("*.yml")) else ()


_DRILLS = Job(id="drill-list", command=("drill", "list"), timing=Timing(weekly="mon 08:10"))
