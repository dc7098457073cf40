"""`file`: a restored file or folder, looked at from inside, where its links lead nowhere else."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

from sec_ops.drill.check import Check, Checked, CheckPlace, cut, failed, late, passed
from sec_ops.drill.sandbox.layout import own_program
from sec_ops.drill.service import Lacking
from sec_ops.drill.settings import SourceName
from sec_ops.model.messages import Message, message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["CHECK"]


class Settings(Value):
    """A path among a source's restored files, and what is to be there."""

    source: SourceName = Field(min_length=1)
    path: NonEmpty = Field(description="as it stands in the backup")
    at_least_bytes: int = Field(default=0, ge=0, description="of a file")
    at_least_entries: int = Field(default=0, ge=0, description="of a folder")
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(default="", description="of a file")
    text: str = Field(default="", description="stands in the file, in UTF-8")

    @property
    def expected(self) -> str:
        """Return what is expected, as it is shown."""
        wanted = [self.path]
        wanted += [f"≥ {self.at_least_bytes} B"] if self.at_least_bytes else []
        wanted += [f"≥ {self.at_least_entries}"] if self.at_least_entries else []
        wanted += [f"SHA-256 {self.sha256}"] if self.sha256 else []
        wanted += [f"“{self.text}”"] if self.text else []
        return ", ".join(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A look at a file."""

    settings: type[Settings] = Settings
    asks: Sequence[str] = ()

    def lacking(self) -> Sequence[Lacking]:
        """Nothing: what looks is our own."""
        return ()

    def run(self, place: CheckPlace) -> Checked:
        """Look at it inside."""
        settings = Settings.model_validate(place.settings)
        if settings.source not in place.restored:
            return failed(settings.expected, "", message("nothing was restored of {source}", source=settings.source))
        root = place.sandbox.seen(place.restored[settings.source])
        asked = {"root": root, "path": settings.path, "sha256": bool(settings.sha256), "text": settings.text}
        ended = place.sandbox.run(own_program("files"), seconds=place.seconds, given=json.dumps(asked))
        if ended.expired:
            return late(settings.expected, place.seconds)
        if ended.exit_code != 0:
            what = message("the file could not be looked at")
            return failed(settings.expected, "", what, why=ended.stderr)
        return _judged(settings, json.loads(ended.stdout))


def _judged(settings: Settings, told: dict[str, str | int | bool]) -> Checked:
    what = _wrong(settings, told)
    shown = ", ".join(f"{name} {told[name]}" for name in ("kind", "bytes", "entries", "sha256") if told.get(name))
    if what:
        return failed(settings.expected, shown, what, why=str(told.get("why", "")))
    return passed(settings.expected, shown)


def _wrong(settings: Settings, told: dict[str, str | int | bool]) -> Message | None:
    path = cut(settings.path)
    if told["kind"] == "nothing":
        return message("{path} is not there", path=path)
    if told["kind"] == "elsewhere":
        return message("{path} leads out of what was restored", path=path)
    wanted = "folder" if settings.at_least_entries else "file"
    asks_more = settings.at_least_entries or settings.at_least_bytes or settings.sha256 or settings.text
    if told["kind"] not in ("file", "folder") or (asks_more and told["kind"] != wanted):
        return message("{path} is something else than expected: {kind}", path=path, kind=told["kind"])
    if int(told.get("bytes", 0)) < settings.at_least_bytes or int(told.get("entries", 0)) < settings.at_least_entries:
        return message("{path} holds less than expected", path=path)
    if settings.sha256 and told["sha256"] != settings.sha256:
        return message("{path} has another SHA-256 than expected", path=path)
    return message("{path} does not hold the text", path=path) if settings.text and not told["holds"] else None


CHECK: Check = File()
