"""The site's own configuration, `sec-ops.yml`."""

from pydantic import Field

from sec_ops.model.backup_settings import BackupSettings
from sec_ops.model.detection_settings import DetectionSettings
from sec_ops.model.job import Schedule
from sec_ops.model.log_settings import LogSettings
from sec_ops.model.notice import Notify
from sec_ops.model.values import Identifier, NonEmpty, Text, Value

__all__ = ["Collection", "SiteConfiguration"]


class Collection(Value):
    """How facts are collected from a fleet."""

    parallel: int = Field(default=50, ge=1, le=500, description="connections at once")
    host_deadline_seconds: int = Field(default=120, ge=5, le=3600, description="one deadline for a whole visit")
    output_bound_bytes: int = Field(default=33_554_432, ge=65_536, description="bytes accepted from one host")
    known_hosts: NonEmpty = Field(default="inventory/known_hosts", description="host keys, relative to the site")


class SiteConfiguration(Value):
    """`sec-ops.yml`: who this site is, and how it works."""

    id: Identifier
    name: Text
    origin: NonEmpty = Field(description="name of the evidence log in its checkpoints; never changed")
    collection: Collection = Collection()
    logs: LogSettings = LogSettings()
    backup: BackupSettings = BackupSettings()
    detection: DetectionSettings = DetectionSettings()
    schedule: Schedule = Schedule()
    notify: Notify = Notify()
