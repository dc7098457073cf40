"""Backup in the site's configuration, `sec-ops.yml`."""

from typing import Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Identifier, RuleBroken, Value

__all__ = ["BackupSettings", "OwnBackup"]


class OwnBackup(Value):
    """Where this program's own site folder is saved, evidence and keys with it: the built-in plan `sec-ops`."""

    repository: Identifier = Field(description="a repository that nothing else is saved to")
    answers: Identifier = Field(description="person who answers for it")
    copy_to: Identifier | None = Field(default=None, description="repository at the second site, which pulls from it")
    place: Identifier | None = Field(default=None, description="where this controller stands; unset: backup.place")

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.copy_to == self.repository:
            raise RuleBroken(message("two copies of the plan lie in one repository"))
        return self


class BackupSettings(Value):
    """Where this controller stands, and how far a copy must lie to count as off-site."""

    place: Identifier | None = Field(
        default=None,
        description="a place of backup/places.yml: only plans and copies whose repository lies here run on this "
        "controller; unset: it runs all",
    )
    own: OwnBackup | None = Field(
        default=None,
        description="save this site folder by the built-in plan sec-ops; a file backup/plans/sec-ops.yml replaces it",
    )
    off_site_km: float = Field(default=30, gt=0, le=20_000, description="kilometres along the earth to be off-site")
    history_days: int = Field(
        default=400,
        ge=30,
        le=36_500,
        description="days for which run folders and the record's rows are kept that no restore point, no status and no "
        "comparison needs; what was sealed stays",
    )
    metrics: str = Field(
        default="",
        description="file that status and run write for Prometheus, ending in .prom, where a node exporter reads; "
        "relative to the site; unset: var/backup/backup.prom",
    )
