"""The built-in plan `sec-ops` 本工具自身的备份: the site folder, from one line of `sec-ops.yml`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sec_ops.backup.planning.faults import reference_faults
from sec_ops.content.kinds import PLANS
from sec_ops.content.layer import shown_path
from sec_ops.content.library import Library
from sec_ops.model.backup_plan import SELF, BackupPlan, CopyRule, Retention, SourceSettings
from sec_ops.model.backup_settings import BackupSettings, OwnBackup
from sec_ops.model.errors import Fault
from sec_ops.model.job import Timing
from sec_ops.model.messages import message
from sec_ops.runtime.site import CONFIGURATION

__all__ = ["all_plans", "own_faults"]

_HOURLY = Timing(every_hours=1)
_KEPT = Retention(hourly=24, daily=30, monthly=12)
_KEPT_OFF_SITE = Retention(daily=90, monthly=36)


def all_plans(library: Library, settings: BackupSettings) -> Mapping[str, BackupPlan]:
    """Return every plan by its id: those of files, and the built-in one where no file stands in its place."""
    plans = {name: each.value for name, each in library.objects(PLANS).items()}
    own = _own(library, settings)
    return {**plans, own.id: own} if own else plans


def own_faults(library: Library, settings: BackupSettings) -> Iterator[Fault]:
    """Tell what the built-in plan refers to that is not there."""
    own, root = settings.own, library.site_root
    if own is None or root is None or SELF in library.objects(PLANS):
        return
    file, plan = shown_path(root / CONFIGURATION), _own(library, settings)
    if plan is None:
        what = message("nothing says where this controller stands")
        advice = message("name a place of backup/places.yml under backup.place")
        yield Fault(file=file, line=0, path="backup.own.place", message=what, advice=advice)
        return
    for path, what, found in reference_faults(plan, library):
        name = "copy_to" if path[0] == "copies" else str(path[0])
        yield Fault(file=file, line=0, path=f"backup.own.{name}", message=what, advice=found)


def _own(library: Library, settings: BackupSettings) -> BackupPlan | None:
    own, root = settings.own, library.site_root
    place = own.place or settings.place if own else None
    if own is None or root is None or place is None or SELF in library.objects(PLANS):
        return None
    return _plan(own, place, root)


def _plan(own: OwnBackup, place: str, root: Path) -> BackupPlan:
    copies = (CopyRule(repository=own.copy_to, timing=_HOURLY, retention=_KEPT_OFF_SITE),) if own.copy_to else ()
    return BackupPlan(
        id=SELF,
        place=place,
        answers=own.answers,
        sources=(SourceSettings(id="site", kind="site", settings={"folder": str(root.resolve())}),),
        repository=own.repository,
        timing=_HOURLY,
        retention=_KEPT,
        copies=copies,
    )
