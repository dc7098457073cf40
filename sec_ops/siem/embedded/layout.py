"""Where the embedded store lies below `var/logs/`."""

from dataclasses import dataclass
from pathlib import Path

from sec_ops.runtime.files import make_folder

__all__ = ["Layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths of the manifest, the event files, and the locks that say who is at work."""

    manifest: Path
    events: Path
    readers: Path
    writers: Path
    compactor: Path

    @classmethod
    def at(cls, folder: Path) -> "Layout":
        """Return the layout below a folder, whose folders are made; raises StorageError."""
        locks = make_folder(folder / "locks")
        return cls(
            manifest=folder / "store.db",
            events=make_folder(folder / "events"),
            readers=make_folder(locks / "readers"),
            writers=locks / "writers.lock",
            compactor=locks / "compactor.lock",
        )
