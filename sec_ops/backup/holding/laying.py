"""Where paths lie that are to be held still: on one volume, with nothing below them that a snapshot would not hold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.tapping import Words
from sec_ops.backup.holding.volume import Volume
from sec_ops.backup.holding.wanted import VolumeSnapshot
from sec_ops.backup.source import Doors
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import Message, message

__all__ = ["Laid", "laid"]

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """The volume of paths, and the folders on it that show the snapshot in its place: none of them inside another."""

    volume: Volume
    places: tuple[PurePosixPath, ...]


def laid(paths: Sequence[str], wanted: VolumeSnapshot, doors: Doors, *, below: str) -> Laid:
    """Return where paths lie; raises ProgramFailed for what one snapshot can't hold, all reasons at once.

    A path that is not there is left to the backup to tell. `below` is what to do about what is mounted there.
    """
    script = resources.files("sec_ops.backup.holding").joinpath("layout.py").read_text("utf-8")
    told = json.loads(asked(Words(arguments=(doors.python, "-I", "-c", script, *paths)), doors))
    there = {path: each for path, each in zip(paths, told, strict=True) if each["real"]}
    if not there:
        raise _refused([message("{path}: it is not there", path=path) for path in paths])
    volumes = {path: _volume(each, wanted) for path, each in there.items()}
    faults = [fault for path, each in there.items() for fault in _faults(path, each, volumes[path], wanted)]
    known = [each for each in volumes.values() if each]
    if len(set(known)) > 1:
        names = ", ".join(sorted({str(each.root) for each in known}))
        faults.append(message("the paths are on several volumes, which no one snapshot holds: {paths}", paths=names))
    if faults:
        raise _refused(faults)
    places = _outermost([_place(path, each) for path, each in there.items()])
    if below == "refused":
        inside = _not_in_it(there, known[0], places, wanted, doors)
        if inside:
            raise _refused([message("{path}: it is no part of the volume", path=each) for each in inside])
    return Laid(volume=known[0], places=places)


def _volume(each: dict[str, Any], wanted: VolumeSnapshot) -> Volume | None:
    mount = each["mount"]
    if not wanted.snapshots.by_subvolume:
        root, inside = mount["target"], mount["inside"]
    elif each["subvolume"]:
        root, inside = each["subvolume"], "/"
    else:
        return None
    return Volume(
        root=PurePosixPath(root), inside=PurePosixPath(inside), type=mount["type"], device=str(mount["device"])
    )


def _faults(path: str, each: dict[str, Any], volume: Volume | None, wanted: VolumeSnapshot) -> list[Message]:
    faults = []
    if each["real"] != path.rstrip("/"):
        real = each["real"]
        faults.append(message("{path}: it is reached by a link; name {real}", path=path, real=real))
    if wanted.kind in ("btrfs", "zfs") and each["mount"]["type"] != wanted.kind:
        faults.append(message("{path}: it lies on {type}", path=path, type=each["mount"]["type"]))
    elif volume is None:
        faults.append(message("{path}: the root of its subvolume is mounted nowhere", path=path))
    if str(_place(path, each)) == "/":
        faults.append(message("{path}: name folders below /, which can't be shown in another way", path=path))
    return faults


def _place(path: str, each: dict[str, Any]) -> PurePosixPath:
    """Return the folder to be shown: of a file its own."""
    return PurePosixPath(path) if each["folder"] else PurePosixPath(path).parent


def _outermost(places: Sequence[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    return tuple(
        each
        for each in dict.fromkeys(places)
        if not any(each != other and each.is_relative_to(other) for other in places)
    )


def _not_in_it(
    there: dict[str, Any], volume: Volume, places: Sequence[PurePosixPath], wanted: VolumeSnapshot, doors: Doors
) -> list[PurePosixPath]:
    """Return what is seen below the paths and would be missing without a word."""
    found = {PurePosixPath(target) for each in there.values() for target in each["below"]}
    found |= {
        each
        for each in wanted.snapshots.not_in_it(volume, doors)
        if any(each.is_relative_to(place) for place in places)
    }
    return sorted(found)


def _refused(faults: Sequence[Message]) -> ProgramFailed:
    shown = "; ".join(str(each) for each in faults[:_SHOWN])
    what = message("no snapshot can hold these files: {reason}", reason=shown)
    advice = message("make a source of each volume, or leave out what is mounted below: other_file_systems: false")
    return ProgramFailed(what, why="\n".join(str(each) for each in faults), advice=advice)
