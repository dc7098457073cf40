"""What `content lint` tells of drills: references that lead nowhere, settings refused, addresses of production."""

from collections.abc import Iterator

from sec_ops.content.library import Library, LintRule
from sec_ops.model.errors import Fault

__all__ = ["RULES"]


def _drills(library: Library) -> Iterator[Fault]:
    """Tell what content alone shows; the hosts of the inventory count when a drill is planned."""
    from sec_ops.backup.planning.findings import Planned
    from sec_ops.backup.planning.own import all_plans
    from sec_ops.content.kinds import PLACES, REPOSITORIES, SYSTEMS
    from sec_ops.drill.planning.checking import drill_faults
    from sec_ops.model.backup_settings import BackupSettings
    from sec_ops.runtime.configuration import load_configuration
    from sec_ops.runtime.site import Site
    from sec_ops.workflows.drills.planning import material_of

    site = Site(library.site_root) if library.site_root else None
    settings = load_configuration(site).backup if site and site.configuration.exists() else BackupSettings()
    planned = Planned(
        systems={name: each.value for name, each in library.objects(SYSTEMS).items()},
        plans=all_plans(library, settings),
        repositories={name: each.value for name, each in library.objects(REPOSITORIES).items()},
        places={name: each.value for name, each in library.objects(PLACES).items()},
        off_site_km=settings.off_site_km,
    )
    return drill_faults(library, material_of(library, planned))


def _readiness(library: Library) -> Iterator[Fault]:
    from sec_ops.drill.judging.faults import readiness_faults

    return readiness_faults(library)


RULES: tuple[LintRule, ...] = (_drills, _readiness)
