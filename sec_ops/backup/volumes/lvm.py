"""`lvm`: a snapshot of a logical volume, thin or with room of its own for what changes meanwhile."""

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from pydantic import Field

from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.holding.volume import Volume
from sec_ops.backup.source import Doors
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import Value

__all__ = ["SNAPSHOTS"]

_COLUMNS = "lv_name,vg_name,origin,pool_lv,data_percent,lv_snapshot_invalid,lv_health_status"
_FULL = 100.0


class Settings(Value):
    """How much room a snapshot has that is not thin: when more of the volume changes meanwhile, the run fails."""

    reserve_percent: int = Field(default=20, ge=1, le=100, description="of the volume's size")


class Lvm:
    """Snapshots of LVM's logical volumes (lvcreate(8), lvmthin(7))."""

    verified = False
    settings = Settings
    by_subvolume = False

    def left(self, volume: Volume, prefix: str, doors: Doors) -> Sequence[str]:
        """Return our snapshots of this volume."""
        own = self._own(volume, doors)
        rows = self._rows(str(own["vg_name"]), doors)
        names = (str(each["lv_name"]) for each in rows if each.get("origin") == own["lv_name"])
        return [each for each in names if each.startswith(prefix)]

    def take(self, volume: Volume, name: str, settings: Settings, doors: Doors) -> Sequence[str]:
        """Make it; the file system is frozen by the kernel for that moment.

        XFS wants to be told that its identity is there twice, and that its journal is at rest.
        """
        own = self._own(volume, doors)
        words = ["lvcreate", "--snapshot", "--permission", "r", "--setactivationskip", "n", "--name", name]
        if not own.get("pool_lv"):
            words += ["--extents", f"{settings.reserve_percent}%ORIGIN"]
        asked(Words(arguments=(*words, f"{own['vg_name']}/{own['lv_name']}")), doors)
        options = "ro,nouuid,norecovery" if volume.type == "xfs" else "ro"
        return ("-t", volume.type, "-o", options, f"/dev/{own['vg_name']}/{name}")

    def fault(self, volume: Volume, name: str, doors: Doors) -> str:
        """Return that it ran full, after which nothing read from it is what it was."""
        own = self._own(volume, doors)
        (row,) = self._rows(f"{own['vg_name']}/{name}", doors)
        if row.get("lv_snapshot_invalid") or row.get("lv_health_status"):
            return str(row.get("lv_snapshot_invalid") or row["lv_health_status"])
        used = str(row.get("data_percent") or "0")
        return f"{used} %" if not row.get("pool_lv") and float(used) >= _FULL else ""

    def drop(self, volume: Volume, name: str, doors: Doors) -> None:
        """Remove it."""
        own = self._own(volume, doors)
        asked(Words(arguments=("lvremove", "--yes", f"{own['vg_name']}/{name}")), doors)

    def not_in_it(self, _volume: Volume, _doors: Doors) -> Sequence[PurePosixPath]:
        """Return nothing: a volume is whole."""
        return ()

    def _own(self, volume: Volume, doors: Doors) -> Mapping[str, object]:
        (row,) = self._rows(volume.device, doors)
        return row

    def _rows(self, which: str, doors: Doors) -> Sequence[Mapping[str, object]]:
        words = ("lvs", "--reportformat", "json", "--options", _COLUMNS, which)
        told = asked(Words(arguments=words), doors)
        try:
            rows: Sequence[Mapping[str, object]] = json.loads(told)["report"][0]["lv"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise ProgramFailed(message("{program}: an answer that can't be read", program="lvs"), why=told) from error
        if not rows:
            raise ProgramFailed(message("{path} is no logical volume", path=which))
        return rows


SNAPSHOTS = Lvm()
