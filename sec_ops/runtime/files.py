"""The file door: writes that are whole or not there at all."""

import errno
import os
import secrets
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message

__all__ = ["PRIVATE_FILE", "make_folder", "storage_error", "sync_folder", "write_atomically"]

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_atomically(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Write `data` to a neighbour file, sync it and rename it over `path`: a reader sees the old or the new.

    A link is followed. Raises StorageError when the disk is full or refuses, and for what is no file, such as a device
    or a folder; `path` is then as it was.
    """
    try:
        whole = path.resolve()
        _refuse_special(whole)
        neighbour = whole.with_name(f".{whole.name}.{secrets.token_hex(6)}")
        try:
            _write_new(neighbour, data, mode)
            neighbour.replace(whole)
        finally:
            neighbour.unlink(missing_ok=True)
        sync_folder(whole.parent)
    except OSError as error:
        raise storage_error(path, error) from error


def make_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, for their owner only; raises StorageError."""
    try:
        # mkdir's own parents=True would leave the rights of those above to the umask.
        for each in reversed([path, *path.parents]):
            if not each.is_dir():
                each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise storage_error(path, error) from error
    return path


def sync_folder(path: Path) -> None:
    """Make renames and new names in the folder survive a power loss."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the error that tells a person what our own disk refused."""
    return StorageError(
        message("could not write {path}: {reason}", path=path, reason=error.strerror or str(error)),
        where=str(path),
        advice=message("free space or mend permissions, then run the command again; what was written before is intact"),
    )


def _refuse_special(path: Path) -> None:
    """Raise OSError for what a rename would take the place of: a folder, a device such as /dev/null, a pipe."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "not a regular file")


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
