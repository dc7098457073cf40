"""Where the raw log lies: `raw/<stream>/NNNNNN.zst`, one folder and one lock a stream."""

import re
from pathlib import Path

from sec_ops.runtime.files import make_folder, sync_folder

__all__ = [
    "make_stream",
    "segment_numbers",
    "segment_path",
    "stream_names",
]

_STREAM = re.compile(r"[0-9]{4,}")
_SEGMENT = re.compile(r"([0-9]{6,})\.zst")


def stream_names(folder: Path) -> list[str]:
    """Return the streams of a raw log, in order; none when there is no such folder."""
    try:
        names = [path.name for path in folder.iterdir() if _STREAM.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    return sorted(names, key=int)


def segment_numbers(stream: Path) -> list[int]:
    """Return the numbers of a stream's segments, in order; none when there is no such folder."""
    try:
        found = [_SEGMENT.fullmatch(path.name) for path in stream.iterdir()]
    except FileNotFoundError:
        return []
    return sorted(int(match[1]) for match in found if match)


def segment_path(stream: Path, number: int) -> Path:
    """Return the file of a segment."""
    return stream / f"{number:06d}.zst"


def make_stream(folder: Path) -> Path:
    """Make the next stream's folder; somebody else may take it first."""
    make_folder(folder)
    taken = stream_names(folder)
    stream = folder / f"{int(taken[-1]) + 1 if taken else 1:04d}"
    make_folder(stream)
    sync_folder(folder)
    return stream
