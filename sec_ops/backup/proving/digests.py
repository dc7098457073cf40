"""Digests of a part's files as they were hashed last, with what says whether a file is still the same.

A store that may be lost: without it everything is hashed once more. A damaged one is begun anew.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder

__all__ = ["SHARE", "Digests", "Hashed", "Identity", "open_digests"]

SHARE = 30
"""One file in so many is hashed again each time although nothing says that it changed."""

Identity = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, mtime and ctime in nanoseconds."""

_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    shown TEXT NOT NULL, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
    mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, sha256 TEXT NOT NULL, turn INTEGER NOT NULL,
    PRIMARY KEY (shown, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "path, device, inode, size, mtime, ctime, sha256"
_TURN = "turn"
_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file and its digest; `path` is JSON's spelling where it is not as shown.

    Without a digest, `sha256` says why: `changed` while it was read, or `unread`.
    """

    path: str
    identity: Identity
    sha256: str

    @property
    def whole(self) -> bool:
        """Return whether it has a digest."""
        return len(self.sha256) == _DIGITS


class Digests:
    """The digests of one part; for one thread at a time. `empty` when none were there at its opening."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.turn = int(self.note(_TURN) or 0) + 1
        self.empty = connection.execute("SELECT 1 FROM files LIMIT 1").fetchone() is None

    def note(self, name: str) -> str:
        """Return a note, empty when there is none."""
        found = self._connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def close(self, **notes: str) -> None:
        """Write the notes, and the turn as taken; forget files that were not met for two rounds."""
        with self._connection:
            rows = [*notes.items(), (_TURN, str(self.turn))]
            self._connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", rows)
            self._connection.execute("DELETE FROM files WHERE turn < ?", (self.turn - 2 * SHARE,))
        self._connection.close()

    def found(self, shown: str) -> list[Hashed]:
        """Return the files that are shown like this: one, unless their names can't be told apart."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM files WHERE shown = ?", (shown,))  # noqa: S608
        return [
            Hashed(path, (device, inode, size, mtime, ctime), sha256)
            for path, device, inode, size, mtime, ctime, sha256 in rows
        ]

    def due(self, shown: str) -> bool:
        """Return whether it is a file's turn to be hashed again."""
        return crc32(shown.encode()) % SHARE == self.turn % SHARE

    def keep(self, files: Iterable[tuple[str, Hashed]]) -> None:
        """Keep digests, each with its path as shown."""
        rows = [(shown, each.path, *each.identity, each.sha256, self.turn) for shown, each in files]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?,?,?,?)", rows)


def open_digests(path: Path) -> Digests:
    """Open the store, made when it is not there, made anew when it is damaged; raises StorageError."""
    make_folder(path.parent)
    try:
        return Digests(_connected(path))
    except (sqlite3.DatabaseError, ValueError):
        for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            with suppress(OSError):
                each.unlink()
    try:
        return Digests(_connected(path))
    except sqlite3.DatabaseError as error:
        what = message("could not write {path}: {reason}", path=path, reason=error)
        raise StorageError(
            what, where=str(path), advice=message("free space or mend permissions, then run it again")
        ) from error


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        # After a power cut a digest could be missing, never wrong: the write-ahead log is checked page by page.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_TABLES)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
