"""Log sources 日志源: which logs a key system has to deliver, how they come, and when silence is a fault."""

from typing import Literal, Self

from pydantic import Field, model_validator

from sec_ops.model.messages import message
from sec_ops.model.values import Encoding, Identifier, Network, NonEmpty, RuleBroken, Value, Zone

__all__ = ["Collect", "LogSource"]

Collect = Literal["pull", "journal", "syslog", "bulk", "import"]
"""`pull` and `journal` are fetched over SSH; `syslog` and `bulk` are sent to `logs listen`; `import` by hand."""

_CONTROLS = {chr(code) for code in (*range(32), 127)}


class LogSource(Value):
    """One expected source of a key system, on each of its hosts or from one device."""

    id: Identifier
    collect: Collect
    hosts: tuple[NonEmpty, ...] = Field(default=(), description="hosts or groups; without them all of the system")
    object: Identifier | None = Field(default=None, description="the assessed object that sends it, such as a switch")
    addresses: tuple[Network, ...] = Field(
        default=(), description="what it sends from, when that is not the host's own address"
    )
    paths: tuple[NonEmpty, ...] = Field(default=(), description="files to pull; * and ? in the last part")
    rotated_to: tuple[NonEmpty, ...] = Field(default=(), description="folders that rotated files are moved to")
    folder: NonEmpty | None = Field(default=None, description="journal files of others, such as a remote journal's")
    units: tuple[NonEmpty, ...] = Field(default=(), description="systemd units of a journal; without them all")
    parser: Identifier | None = Field(default=None, description="parser id; without it the records are recognised")
    dataset: Identifier | None = None
    zone: Zone | None = Field(default=None, description="IANA time zone of times that name none")
    encoding: Encoding | None = Field(default=None, description="such as gb18030; default: recognised")
    silent_after_minutes: int = Field(default=1440, ge=1, description="silence after which it counts as missing")

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.collect == "pull" and not self.paths:
            raise RuleBroken(message("a pulled log source needs paths"))
        if any(not path.startswith("/") or set(path.rpartition("/")[0]) & set("*?") for path in self.paths):
            raise RuleBroken(message("a path begins with / and has * and ? only in its last part"))
        if any(set(text) & _CONTROLS for text in (*self.paths, *self.rotated_to, *self.units, self.folder or "")):
            raise RuleBroken(message("paths and units hold no control characters"))
        if self.object is not None and self.collect in ("pull", "journal"):
            raise RuleBroken(message("an object sends its logs itself; what is pulled is pulled from hosts"))
        if self.object is not None and self.collect != "import" and not self.addresses:
            raise RuleBroken(message("a log source of an object needs the addresses it sends from"))
        return self
