"""Kind of evidence about how backups stand, once a day (see `sec_ops.model.evidence`)."""

from typing import ClassVar

from pydantic import Field, StrictBool, StrictInt

from sec_ops.model.values import Value

__all__ = ["BackupSummary", "SystemBackups"]


class SystemBackups(Value):
    """How backups of a key system stood. Minutes and days are ages when it was sealed; -1: never, or nobody knows."""

    id: str
    planned: StrictBool = Field(default=False, description="a plan is in force")
    sources: StrictInt = 0
    unverified: StrictInt = Field(default=0, description="sources of kinds that were never tried on a real system")
    hosts: StrictInt = Field(default=0, description="hosts that the inventory names")
    covered: StrictInt = Field(default=0, description="of these, hosts that a source is on")
    rpo_minutes: StrictInt = Field(default=0, description="data that may be lost; 0: nobody said")
    cycle_minutes: StrictInt = Field(default=0, description="data a loss costs at worst when runs keep their timing")
    runs: StrictInt = Field(default=0, description="in the last 30 days")
    good_runs: StrictInt = Field(default=0, description="of these, runs that came to ok")
    age_minutes: StrictInt = Field(default=-1, description="of the data in the newest restore point that counts")
    partial: StrictBool = Field(default=False, description="that point lacks something")
    copies: StrictInt = Field(default=0, description="repositories that hold a point that counts")
    holds: StrictInt = Field(default=0, description="points held back until a person lifts it")
    off_site: StrictInt = Field(default=0, description="repositories of the plan at places far enough away")
    off_site_seen: StrictInt = Field(default=0, description="of these, those that this controller looks after")
    off_site_cycle_minutes: StrictInt = Field(default=0, description="as cycle_minutes, when the site is lost")
    off_site_age_minutes: StrictInt = Field(default=-1, description="as age_minutes, far enough away")
    km: StrictInt = Field(default=0, description="distance of the farthest point that counts")
    verified_days: StrictInt = Field(default=-1, description="since a point was last found to be as its manifest says")
    damaged: StrictInt = Field(default=0, description="repositories whose last verification came to no good end")
    restored_days: StrictInt = Field(
        default=-1, description="since sources were last restored whole, as saved, in a drill or otherwise"
    )
    restored: StrictInt = Field(default=0, description="sources that were, within the last year")
    restore_failed: StrictBool = Field(default=False, description="the last restore came to no good end")
    immutable: StrictInt = Field(default=0, description="repositories that let nothing be deleted when last probed")


class BackupSummary(Value):
    """How backups of all key systems stood; facts only, what they prove is a map's."""

    kind: ClassVar[str] = "backup.summary/1"
    day: str = ""
    off_site_km: StrictInt = Field(default=0, description="what counts as far enough, in kilometres")
    systems: tuple[SystemBackups, ...] = ()
