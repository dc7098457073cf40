"""What a kind of volume snapshots is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol

from sec_ops.backup.source import Doors
from sec_ops.model.values import Value

__all__ = ["PREFIX", "Snapshots", "Volume"]

PREFIX = "sec-ops-"
"""Names of our snapshots begin so; nothing else is ever removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A file system (or subvolume) that a snapshot is made of: where it is seen, its type, and its device or data set.

    `inside` is what of it is seen at `root`: `/` unless a folder of it is mounted there.
    """

    root: PurePosixPath
    type: str
    device: str
    inside: PurePosixPath


class Snapshots(Protocol):
    """A kind of snapshots, named by its module. Every method that has doors raises EngineError."""

    @property
    def verified(self) -> bool:
        """Return whether it was tested on a real system."""
        ...

    @property
    def settings(self) -> type[Value]:
        """Return the model of its settings in a plan."""
        ...

    @property
    def by_subvolume(self) -> bool:
        """Return whether a subvolume is snapshot, not all that is mounted."""
        ...

    def left(self, volume: Volume, prefix: str, doors: Doors) -> Sequence[str]:
        """Return the snapshots of a volume whose names begin so."""
        ...

    def take(self, volume: Volume, name: str, settings: Any, doors: Doors) -> Sequence[str]:  # noqa: ANN401 - its own
        """Make a snapshot that nobody can write to; return the arguments of `mount` that show it, save the folder."""
        ...

    def fault(self, volume: Volume, name: str, doors: Doors) -> str:
        """Return why a snapshot that was read does not hold what it should, nothing when it does."""
        ...

    def drop(self, volume: Volume, name: str, doors: Doors) -> None:
        """Remove a snapshot."""
        ...

    def not_in_it(self, volume: Volume, doors: Doors) -> Sequence[PurePosixPath]:
        """Return what is seen below the volume's root and is in no snapshot of it, apart from what is mounted."""
        ...
