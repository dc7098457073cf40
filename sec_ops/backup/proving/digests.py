"""Digests of a part's files as they were hashed last, with what says whether a file is still the same.

A store that may be lost: without it everything is hashed once more. A damaged one is begun anew.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder

__all__ = ["SHARE", "Digests", "Entry", "Hashed", "Identity", "Rights", "hashed", "open_digests"]

SHARE = 30
"""One file in so many is hashed again each time although nothing says that it changed."""

Identity = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, mtime and ctime in nanoseconds."""

Rights = tuple[int, int, int]
"""Permissions as chmod(2) has them, numbers of user and group."""

_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    shown TEXT NOT NULL, path TEXT NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, size INTEGER NOT NULL,
    mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, sha256 TEXT NOT NULL, mode INTEGER NOT NULL, user INTEGER NOT NULL,
    team INTEGER NOT NULL, turn INTEGER NOT NULL, PRIMARY KEY (shown, path)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "path, device, inode, size, mtime, ctime, sha256, mode, user, team"
_AMONG = """
DROP TABLE IF EXISTS temp.among;
CREATE TEMP TABLE among (
    entry TEXT PRIMARY KEY, type TEXT NOT NULL, digest TEXT, rights INTEGER, owner INTEGER, owners INTEGER
) WITHOUT ROWID
"""
_JOINED = f"""
SELECT among.*, {_COLUMNS} FROM among LEFT JOIN entries ON shown = entry AND type = 'file'
ORDER BY replace(entry, '/', char(1))
"""  # noqa: S608 - our own columns
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
    rights: Rights = (0, 0, 0)

    @property
    def whole(self) -> bool:
        """Return whether it has a digest."""
        return len(self.sha256) == _DIGITS


@dataclass(frozen=True, slots=True)
class Entry:
    """What is in a tree, of which files are hashed apart: the digest is of where a link leads."""

    path: str
    type: str
    sha256: str | None = None
    rights: Rights = (0, 0, 0)


class Digests:
    """The digests of one part; for one thread at a time. `empty` when none were there at its opening."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.turn = int(self.note(_TURN) or 0) + 1
        self.empty = connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone() is None

    def note(self, name: str) -> str:
        """Return a note, empty when there is none."""
        found = self._connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def close(self, **notes: str) -> None:
        """Write the notes, and the turn as taken; forget files that were not met for two rounds."""
        with self._connection:
            rows = [*notes.items(), (_TURN, str(self.turn))]
            self._connection.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", rows)
            self._connection.execute("DELETE FROM entries WHERE turn < ?", (self.turn - 2 * SHARE,))
        self._connection.close()

    def found(self, shown: str) -> list[Hashed]:
        """Return the files that are shown like this: one, unless their names can't be told apart."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM entries WHERE shown = ?", (shown,))  # noqa: S608
        return [
            Hashed(path, (device, inode, size, mtime, ctime), sha256, (mode, user, group))
            for path, device, inode, size, mtime, ctime, sha256, mode, user, group in rows
        ]

    def among(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Hashed | None]]:
        """Return entries in the order a tree is walked in, each file with the digest that is kept.

        A folder's path ends with `/`. Of files that are shown alike each comes by itself.
        """
        self._connection.executescript(_AMONG)
        rows = ((each.path, each.type, each.sha256, *each.rights) for each in entries)
        with self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO among VALUES (?, ?, ?, ?, ?, ?)", rows)
        for (
            shown,
            kind,
            digest,
            *rights,
            path,
            device,
            inode,
            size,
            mtime,
            ctime,
            sha256,
            mode,
            user,
            group,
        ) in self._connection.execute(_JOINED):
            found = (
                None if path is None else Hashed(path, (device, inode, size, mtime, ctime), sha256, (mode, user, group))
            )
            yield Entry(shown, kind, digest, tuple(rights)), found
        self._connection.execute("DROP TABLE among")

    def due(self, shown: str) -> bool:
        """Return whether it is a file's turn to be hashed again."""
        return crc32(shown.encode()) % SHARE == self.turn % SHARE

    def keep(self, files: Iterable[tuple[str, Hashed]]) -> None:
        """Keep digests, each with its path as shown."""
        rows = [(shown, each.path, *each.identity, each.sha256, *each.rights, self.turn) for shown, each in files]
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", rows)


def hashed(told: Sequence[Any]) -> Hashed:
    """Return what the hasher told of a file, after its number."""
    path, device, inode, size, mtime, ctime, sha256, *rights = told
    spelled = "" if path is None else orjson.dumps(path).decode()
    return Hashed(spelled, (device, inode, size, mtime, ctime), sha256, tuple(rights))


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
