"""Small parts of `Restic`: calls made of requests, documents read from answers."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from sec_ops.backup.restic.calling import Call, Spoken
from sec_ops.backup.restic.events import Event
from sec_ops.backup.restic.judging import Verb
from sec_ops.backup.restic.requests import BackupRequest, CopyRequest, ReadData
from sec_ops.backup.restic.results import Result
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message
from sec_ops.transport.streaming import Handed

__all__ = ["Last", "OnEvent", "backup_call", "documents", "limits", "nothing", "plain", "reading_options"]

OnEvent = Callable[[Event], None]
_Read = TypeVar("_Read")
_Event = TypeVar("_Event", bound=Event)


def nothing(_event: Event) -> None:
    """Hear nothing."""


class Last:
    """Hands events on and remembers the last of each type."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._seen: dict[type, Event] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        self._seen[type(event)] = event
        self._on_event(event)

    def last(self, wanted: type[_Event]) -> _Event | None:
        """Return the last event of a type."""
        found = self._seen.get(wanted)
        return found if isinstance(found, wanted) else None


def plain(spoken: Spoken) -> Result:
    """Return a result that is no more than its verdict."""
    return Result(judged=spoken.judged, exit_code=spoken.exit_code, elapsed_ms=spoken.elapsed_ms, said=spoken.said)


def documents(spoken: Spoken, read: Callable[[Any], _Read]) -> tuple[Judged, _Read | None]:
    """Return the verdict and what the JSON document on stdout says; one that can't be read is a failure."""
    if not spoken.judged.good:
        return spoken.judged, None
    try:
        return spoken.judged, read(json.loads(spoken.document))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = message("restic's answer can't be read")
        advice = message("see its version: sec-ops doctor")
        return Judged(verdict=Verdict.FAILED, what=what, why=str(error), advice=advice), None


def backup_call(request: BackupRequest, deadline_seconds: float, on_event: OnEvent) -> Call:
    """Return the call that saves what the request names."""
    words: list[str | Handed] = ["--host", request.host, *(word for tag in request.tags for word in ("--tag", tag))]
    words += [word for pattern in request.excludes for word in ("--exclude", pattern)]
    words += ["--parent", request.parent] if request.parent else ["--group-by", "host,tags"]
    words += [*(("--verbose=2",) if request.tell_files else ()), *request.options]
    if request.time:
        words += ["--time", request.time.astimezone().strftime("%Y-%m-%d %H:%M:%S")]
    if request.stream:
        words += ["--stdin-filename", request.stream.filename, "--stdin-from-command", "--", *request.stream.command]
    else:
        words += ["--", *(str(path) for path in request.paths)]
    return Call(
        verb=Verb.BACKUP,
        arguments=words,
        launcher=request.launcher,
        deadline_seconds=deadline_seconds,
        on_event=on_event,
    )


def reading_options(reading: ReadData | None) -> list[str]:
    """Return how much of the data a check reads."""
    if reading is None or not reading.subset:
        return []
    return ["--read-data"] if reading.subset == "all" else [f"--read-data-subset={reading.subset}"]


def limits(request: CopyRequest) -> list[str]:
    """Return the options that keep a copy from filling the line."""
    words = []
    if request.limit_upload:
        words += ["--limit-upload", str(request.limit_upload)]
    if request.limit_download:
        words += ["--limit-download", str(request.limit_download)]
    return words
