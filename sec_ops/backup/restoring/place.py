"""The folder a restore goes to: new or its own, and large enough."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from sec_ops.backup.restoring.choosing import PartOfPoint, Point
from sec_ops.backup.restoring.wanted import Place, Wanted
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.text import bytes_text
from sec_ops.runtime.files import make_folder, storage_error, write_atomically

__all__ = ["begun_folder", "ended_folder", "judged_room"]

_MARK = ".sec-ops-restore.json"
"""Says whose restore a folder is, until it has ended well: one that was killed goes on when it is started again."""


def begun_folder(folder: Path, run: str) -> None:
    """Make the folder of a restore; raises UsageError when something else is in it, StorageError."""
    try:
        if folder.is_dir() and any(folder.iterdir()) and _run_of(folder) != run:
            raise UsageError(
                message("there is something in {folder} already", folder=folder),
                advice=message("name a new folder: --target FOLDER"),
            )
    except OSError as error:
        raise storage_error(folder, error) from error
    make_folder(folder)
    write_atomically(folder / _MARK, json.dumps({"run": run}).encode())


def ended_folder(folder: Path) -> None:
    """Take the mark away; raises StorageError."""
    try:
        (folder / _MARK).unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(folder, error) from error


def judged_room(wanted: Wanted, point: Point, parts: Sequence[Sequence[PartOfPoint]]) -> Judged | None:
    """Return the verdict when what is wanted is known to be larger than the room there is."""
    if wanted.paths or wanted.place is Place.IN_PLACE:
        return None
    needed = sum(point.sizes.get(part.snapshot, 0) for each in parts for part in each)
    try:
        free = shutil.disk_usage(wanted.folder).free
    except OSError as error:
        raise storage_error(wanted.folder, error) from error
    there = sum(each.stat().st_blocks * 512 for each in wanted.folder.rglob("*") if each.is_file())
    if needed <= free + there:
        return None
    what = message(
        "{folder} has {free} free, and {needed} are needed",
        folder=wanted.folder,
        free=bytes_text(free),
        needed=bytes_text(needed),
    )
    advice = message("make room, name a folder on a larger disk, or restore less: --source, --path")
    return Judged(verdict=Verdict.FULL, what=what, advice=advice)


def _run_of(folder: Path) -> str:
    try:
        return str(json.loads((folder / _MARK).read_bytes())["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
