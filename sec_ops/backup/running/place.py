"""Where a source's data lies, and how it is saved from there: this machine, or a host of the inventory."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from sec_ops.backup.restic.asking import OnEvent
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import BackupRequest
from sec_ops.backup.restic.results import BackupResult
from sec_ops.backup.source import Doors
from sec_ops.model.backup_plan import SourceSettings

__all__ = ["Place", "Places", "Save", "local_places", "saver"]

Save = Callable[[BackupRequest, OnEvent, float], BackupResult]
"""Save what a request names within so many seconds, by a restic that runs where the data lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A machine: its name as snapshots bear it, the doors to its data, and the restic that runs on it."""

    host: str
    doors: Doors
    save: Save


class Places(Protocol):
    """How the machine of a source is reached."""

    def __call__(self, source: SourceSettings, /) -> AbstractContextManager[Place]:
        """Reach the machine; raises TransportError, EngineError. What was opened there is gone after the context."""
        ...


def local_places(restic: Restic, doors: Doors, host: str) -> Places:
    """Return the way to sources on this machine, called `host`."""
    place = Place(host=host, doors=doors, save=saver(restic))

    @contextmanager
    def reached(_source: SourceSettings) -> Iterator[Place]:
        yield place

    return reached


def saver(restic: Restic) -> Save:
    """Return what saves into a repository, in no more time than is left."""

    def save(request: BackupRequest, on_event: OnEvent, seconds: float) -> BackupResult:
        bounded = replace(restic.repository, deadline_seconds=min(seconds, restic.repository.deadline_seconds))
        return replace(restic, repository=bounded).backup(request, on_event=on_event)

    return save
