"""The file door of the evidence log: few operations, so that a test can lose power between any two of them.

What `append`, `overwrite` and `rename` did may be lost until `sync` or `sync_folder` returned; the rest is on disk
when it returns. Every operation raises OSError; the log turns that into StorageError.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.locks import waited

__all__ = ["DiskFiles", "Files", "told_as_storage_error"]

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@contextmanager
def told_as_storage_error(folder: Path) -> Iterator[None]:
    """Turn what the system refuses in an evidence folder into StorageError."""
    try:
        yield
    except OSError as error:
        what = message(
            "{path} could not be used: {reason}", path=error.filename or folder, reason=error.strerror or error
        )
        advice = message("run the command as the account that owns the folder, or mend permissions and free space")
        raise StorageError(what, where=str(folder), advice=advice) from error


class Files(Protocol):
    """What the log does with files."""

    def read(self, path: Path, offset: int = 0) -> bytes:
        """Return the bytes from an offset on; none when there is no such file."""
        ...

    def size(self, path: Path) -> int:
        """Return the bytes in a file; 0 when there is no such file."""
        ...

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted; none when there is no such folder."""
        ...

    def append(self, path: Path, data: bytes) -> None:
        """Write at the end of a file, which is made when it is not there."""
        ...

    def overwrite(self, path: Path, data: bytes) -> None:
        """Write over the beginning of a file of fixed length, unsynced."""
        ...

    def sync(self, path: Path) -> None:
        """Return once the file's bytes are on disk."""
        ...

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to a size, synced."""
        ...

    def write(self, path: Path, data: bytes) -> None:
        """Put a whole synced file at a path in one step; the name itself lasts after `sync_folder`."""
        ...

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder another name in one step."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in a folder are on disk."""
        ...

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""
        ...

    def locked(self, path: Path) -> AbstractContextManager[None]:
        """Hold the lock of a path against every other process and thread."""
        ...


class DiskFiles:
    """The files of this machine, readable by their owner only."""

    def read(self, path: Path, offset: int = 0) -> bytes:
        """Return the bytes from an offset on; none when there is no such file."""
        try:
            with path.open("rb") as stream:
                stream.seek(offset)
                return stream.read()
        except FileNotFoundError:
            return b""

    def size(self, path: Path) -> int:
        """Return the bytes in a file; 0 when there is no such file."""
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return 0

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted; none when there is no such folder."""
        try:
            return sorted(path.name for path in folder.iterdir())
        except FileNotFoundError:
            return []

    def append(self, path: Path, data: bytes) -> None:
        """Write at the end of a file, which is made when it is not there."""
        self._write(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, data)

    def overwrite(self, path: Path, data: bytes) -> None:
        """Write over the beginning of a file of fixed length, unsynced."""
        self._write(path, os.O_WRONLY | os.O_CREAT, data)

    def sync(self, path: Path) -> None:
        """Return once the file's bytes are on disk."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to a size, synced."""
        os.truncate(path, size)
        self.sync(path)

    def write(self, path: Path, data: bytes) -> None:
        """Put a whole synced file at a path in one step; the name itself lasts after `sync_folder`."""
        neighbour = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            self._write(neighbour, os.O_WRONLY | os.O_CREAT | os.O_EXCL, data)
            self.sync(neighbour)
            neighbour.replace(path)
        except OSError:
            neighbour.unlink(missing_ok=True)
            raise

    def rename(self, old: Path, new: Path) -> None:
        """Give a file or folder another name in one step."""
        old.rename(new)

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in a folder are on disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""
        if not folder.is_dir():
            self.make_folder(folder.parent)
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            self.sync_folder(folder.parent)

    @contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        """Hold the lock of a path against every other process and thread; the system lets go when we die."""
        with waited(path):
            yield

    def _write(self, path: Path, flags: int, data: bytes) -> None:
        descriptor = os.open(path, flags | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
        finally:
            os.close(descriptor)
