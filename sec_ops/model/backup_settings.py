"""Backup in the site's configuration, `sec-ops.yml`."""

from pydantic import Field

from sec_ops.model.values import Identifier, Value

__all__ = ["BackupSettings"]


class BackupSettings(Value):
    """Where this controller stands, and how far a copy must lie to count as off-site."""

    place: Identifier | None = Field(
        default=None,
        description="a place of backup/places.yml: only plans and copies whose repository lies here run on this "
        "controller; unset: it runs all",
    )
    off_site_km: float = Field(default=30, gt=0, le=20_000, description="kilometres along the earth to be off-site")
