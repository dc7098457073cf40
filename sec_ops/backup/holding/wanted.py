"""A volume snapshot as a plan names it."""

from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from sec_ops.backup.holding.volume import Snapshots
from sec_ops.backup.volumes import snapshot_kinds, snapshots_of
from sec_ops.content.model_faults import refusals
from sec_ops.model.messages import message
from sec_ops.model.values import RuleBroken, Value

__all__ = ["VolumeSnapshot"]


class VolumeSnapshot(Value):
    """The kind of snapshots the volume is capable of, and the settings of the kind. None is chosen by itself."""

    kind: str
    settings: dict[str, object] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind not in snapshot_kinds():
            raise RuleBroken(message("wants one of {expected}", expected=", ".join(snapshot_kinds())))
        try:
            self.read()
        except ValidationError as error:
            first = refusals(error, self.settings, self.snapshots.settings)[0]
            place = ".".join(map(str, ("settings", *first.path)))
            raise RuleBroken(message("{place}: {what}", place=place, what=first.what)) from error
        return self

    @property
    def snapshots(self) -> Snapshots:
        """Return the kind."""
        return snapshots_of(self.kind)

    def read(self) -> Any:  # noqa: ANN401 - the kind's own settings
        """Return the kind's settings."""
        return self.snapshots.settings.model_validate(self.settings)
