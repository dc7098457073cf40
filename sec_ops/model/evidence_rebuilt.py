"""Kind of evidence about events that were made again from the raw records (see `sec_ops.model.evidence`)."""

from typing import ClassVar

from pydantic import Field, StrictBool, StrictInt

from sec_ops.model.values import Value

__all__ = ["LogsRebuilt"]


class LogsRebuilt(Value):
    """Event files, or the whole store, were damaged, and their events made again; the blob lists files, days, losses.

    Sealed again when the end was cut short.
    """

    kind: ClassVar[str] = "logs.rebuilt/1"
    manifest_lost: StrictBool = Field(description="everything was made again; how many events there were isn't known")
    files: StrictInt = Field(description="damaged event files")
    events_lost: StrictInt = 0
    events_rebuilt: StrictInt = 0
    events_lacking: StrictInt = Field(default=0, description="could not be made again: their raw records are gone")
    raw_losses: StrictInt = Field(default=0, description="stretches of the raw log that could not be read")
    first_day: str = ""
    last_day: str = ""
