"""A repository's clone with a damaged pack: links to the original, which stays as it is, and one pack copied.

Whoever reads the clone reads the original's files; it is never opened for anything else.
"""

import os
import shutil
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder, storage_error

__all__ = ["damaged_clone"]

_DATA = "data"
_OWN = frozenset({_DATA, "locks"})


def damaged_clone(original: Path, clone: Path, pack: str, place: int) -> None:
    """Make a clone at a new folder, in which one byte of a pack is another, `place` bytes from its beginning.

    Raises StorageError, also for a pack that is not there.
    """
    kept = next(
        (path for path in (original / _DATA / pack[:2] / pack, original / _DATA / pack) if path.is_file()), None
    )
    if kept is None:
        raise StorageError(message("there is no pack {pack} in {path}", pack=pack, path=str(original)))
    make_folder(clone)
    try:
        _link_all(original, clone, without=_OWN)
        for name in _OWN:
            (clone / name).mkdir()
        _link_all(original / _DATA, clone / _DATA, without={kept.parent.name, kept.name})
        if kept.parent != original / _DATA:
            (clone / _DATA / kept.parent.name).mkdir()
            _link_all(kept.parent, clone / _DATA / kept.parent.name, without={kept.name})
        copied = clone / kept.relative_to(original)
        shutil.copyfile(kept, copied)
        copied.chmod(0o600)
        _flip(copied, place)
    except OSError as error:
        raise storage_error(clone, error) from error


def _link_all(source: Path, folder: Path, *, without: "frozenset[str] | set[str]") -> None:
    for each in source.iterdir():
        if each.name not in without:
            (folder / each.name).symlink_to(each.resolve())


def _flip(path: Path, place: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(place)
        byte = stream.read(1)
        stream.seek(place)
        stream.write(bytes([byte[0] ^ 0xFF]))
        stream.flush()
        os.fsync(stream.fileno())
