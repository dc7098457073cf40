"""The file door: writes that are whole or not there at all."""

import os
import secrets
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message

__all__ = ["make_folder", "storage_error", "sync_folder", "write_atomically"]

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def write_atomically(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Write `data` to a neighbour file, sync it and rename it over `path`: a reader sees the old or the new.

    Raises StorageError when the disk is full or refuses; `path` is then as it was.
    """
    neighbour = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        _write_new(neighbour, data, mode)
        neighbour.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        neighbour.unlink(missing_ok=True)
        raise storage_error(path, error) from error


def make_folder(path: Path) -> Path:
    """Make a folder, and those above it, readable by its owner only; raises StorageError."""
    try:
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
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


def _write_new(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
