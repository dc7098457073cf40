"""A log that this machine receives while it is written: a drill takes what came after the restore point from there.

No manifest proves it; each record of the log has its server's checksum, and recovery ends at the first that is wrong.
"""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sec_ops.backup.source import Receiving
from sec_ops.backup.sources import settings_of, source_of
from sec_ops.drill.planning.plan import PlannedSystem
from sec_ops.drill.running.values import Fetched
from sec_ops.runtime.files import make_folder, storage_error

__all__ = ["with_received"]

_SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?|[0-9A-F]{8}\.history")


def with_received(planned: PlannedSystem, fetched: Fetched) -> Fetched:
    """Return what was fetched, with newer segments of logs that are received here; raises StorageError.

    What was saved of a log stays as it was proved; a log that is received on another host is not touched.
    """
    taken: dict[str, int] = {}
    for source in planned.plan.sources:
        kind, root = source_of(source.kind), fetched.roots.get(source.id)
        if root is not None and fetched.proved and isinstance(kind, Receiving) and not source.host:
            here = Path(str(kind.log_folder(settings_of(source))))
            taken[source.id] = _taken(here, root / str(here).lstrip("/"))
    sources = [
        each.model_copy(update={"received": taken[each.source]}) if each.source in taken else each
        for each in fetched.sources
    ]
    return replace(fetched, sources=tuple(sources))


def _taken(here: Path, there: Path) -> int:
    """Copy the segments of a folder that the other hasn't; return how many."""
    make_folder(there)
    try:
        new = [name for name in sorted(_segments(here)) if not (there / name).exists()]
        return sum(_copied(here / name, there / name) for name in new)
    except OSError as error:
        raise storage_error(there, error) from error


def _segments(folder: Path) -> Iterator[str]:
    """Return the names of regular files that are segments."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for each in entries:
            if _SEGMENT.fullmatch(each.name) and each.is_file(follow_symlinks=False):
                yield each.name


def _copied(source: Path, target: Path) -> int:
    """Copy a file that is no link; return 1, or 0 when it is gone."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:  # it was finished meanwhile, and has its last name
        finished = source.with_suffix("")
        return _copied(finished, target.with_suffix("")) if source.suffix and finished.exists() else 0
    with os.fdopen(descriptor, "rb") as stream, target.open("xb") as copied:
        shutil.copyfileobj(stream, copied)
    return 1
