"""`btrfs`: a read-only snapshot of the subvolume the files are in, beside them for as long as they are saved."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.holding.volume import PREFIX, Volume
from sec_ops.backup.source import Doors
from sec_ops.model.values import Value

__all__ = ["SNAPSHOTS"]


class Settings(Value):
    """Nothing is to be set: a snapshot takes room only for what changes."""


class Btrfs:
    """Snapshots of Btrfs subvolumes (btrfs-subvolume(8))."""

    verified = True
    settings = Settings
    by_subvolume = True

    def left(self, volume: Volume, prefix: str, doors: Doors) -> Sequence[str]:
        """Return our folders in the subvolume's root."""
        words = ("find", str(volume.root), "-maxdepth", "1", "-name", f".{prefix}*", "-printf", "%f\\0")
        found = asked(Words(arguments=words), doors).split("\0")
        return [each.removeprefix(".") for each in found if each]

    def take(self, volume: Volume, name: str, _settings: Settings, doors: Doors) -> Sequence[str]:
        """Make it in the root of the subvolume; it does not hold itself.

        What was written just now is brought to disk before: else a snapshot may have a file without its content.
        """
        asked(Words(arguments=("btrfs", "filesystem", "sync", str(volume.root))), doors)
        words = ("btrfs", "subvolume", "snapshot", "-r", str(volume.root), self._path(volume, name))
        asked(Words(arguments=words), doors)
        return ("--bind", self._path(volume, name))

    def fault(self, volume: Volume, name: str, doors: Doors) -> str:
        """Return what was not read-only or is gone: what is there was shared with the subvolume from its moment on."""
        words = ("btrfs", "property", "get", "-ts", self._path(volume, name), "ro")
        told = asked(Words(arguments=words), doors).strip()
        return "" if told == "ro=true" else told or "?"

    def drop(self, volume: Volume, name: str, doors: Doors) -> None:
        """Delete the subvolume; its room comes back in the background."""
        asked(Words(arguments=("btrfs", "subvolume", "delete", self._path(volume, name))), doors)

    def not_in_it(self, volume: Volume, doors: Doors) -> Sequence[PurePosixPath]:
        """Return the subvolumes in it, which a snapshot shows as empty folders; ours are no data."""
        shown = asked(Words(arguments=("btrfs", "subvolume", "show", str(volume.root))), doors)
        top = PurePosixPath("/", (shown.splitlines() or [""])[0].strip())
        listed = asked(Words(arguments=("btrfs", "subvolume", "list", "-o", str(volume.root))), doors)
        paths = (PurePosixPath("/", line.partition(" path ")[2]) for line in listed.splitlines() if " path " in line)
        inside = (volume.root / each.relative_to(top) for each in paths if each.is_relative_to(top))
        return [each for each in inside if not each.name.startswith(f".{PREFIX}")]

    def _path(self, volume: Volume, name: str) -> str:
        return str(volume.root / f".{name}")


SNAPSHOTS = Btrfs()
