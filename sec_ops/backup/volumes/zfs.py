"""`zfs`: a snapshot of the data set the files are in."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.holding.volume import Volume
from sec_ops.backup.source import Doors
from sec_ops.model.values import Value

__all__ = ["SNAPSHOTS"]


class Settings(Value):
    """Nothing is to be set: a snapshot takes room only for what changes."""


class Zfs:
    """Snapshots of ZFS data sets (zfs-snapshot(8))."""

    verified = False
    settings = Settings
    by_subvolume = False

    def left(self, volume: Volume, prefix: str, doors: Doors) -> Sequence[str]:
        """Return our snapshots of the data set."""
        words = ("zfs", "list", "-H", "-t", "snapshot", "-o", "name", "-d", "1", volume.device)
        names = (line.partition("@")[2] for line in asked(Words(arguments=words), doors).splitlines())
        return [each for each in names if each.startswith(prefix)]

    def take(self, volume: Volume, name: str, _settings: Settings, doors: Doors) -> Sequence[str]:
        """Make it; mounted it is read-only by itself."""
        asked(Words(arguments=("zfs", "snapshot", f"{volume.device}@{name}")), doors)
        return ("-t", "zfs", "-o", "ro", f"{volume.device}@{name}")

    def fault(self, volume: Volume, name: str, doors: Doors) -> str:
        """Return what is wrong with the pool it lies in; a snapshot there never runs full by itself."""
        words = ("zpool", "list", "-H", "-o", "health", volume.device.partition("/")[0])
        health = asked(Words(arguments=words), doors).strip()
        asked(Words(arguments=("zfs", "list", "-H", "-o", "name", f"{volume.device}@{name}")), doors)
        return "" if health in ("ONLINE", "DEGRADED") else health

    def drop(self, volume: Volume, name: str, doors: Doors) -> None:
        """Destroy it."""
        asked(Words(arguments=("zfs", "destroy", f"{volume.device}@{name}")), doors)

    def not_in_it(self, _volume: Volume, _doors: Doors) -> Sequence[PurePosixPath]:
        """Return nothing: other data sets are mounted, and told as such."""
        return ()


SNAPSHOTS = Zfs()
