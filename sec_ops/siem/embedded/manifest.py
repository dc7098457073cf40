"""The manifest `store.db` (SQLite, WAL): which files, columns, commits and holds there are."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import Message, message
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.wal import use_wal

__all__ = ["Manifest", "is_lost", "make_manifest", "open_manifest"]

VERSION = 2
_WAIT_SECONDS = 120
_PRIVATE = 0o600
_SCHEMA = """
CREATE TABLE state (generation INTEGER NOT NULL);
INSERT INTO state VALUES (0);
CREATE TABLE columns (
    dataset TEXT NOT NULL, number INTEGER NOT NULL, field TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
    PRIMARY KEY (dataset, number), UNIQUE (dataset, field, kind, type)
) WITHOUT ROWID;
CREATE TABLE files (
    path TEXT NOT NULL PRIMARY KEY, dataset TEXT NOT NULL, day TEXT NOT NULL, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,
    first_received_us INTEGER NOT NULL, last_received_us INTEGER NOT NULL, sorted INTEGER NOT NULL,
    text_bytes INTEGER NOT NULL, columns BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX files_by_day ON files (dataset, day);
CREATE TABLE removed (path TEXT NOT NULL PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE streams (stream TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pending (
    stream TEXT NOT NULL, source TEXT NOT NULL, state BLOB NOT NULL, PRIMARY KEY (stream, source)
) WITHOUT ROWID;
CREATE TABLE holds (id TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID;
"""
_SINCE_2 = """
CREATE TABLE damaged (
    path TEXT NOT NULL PRIMARY KEY, dataset TEXT NOT NULL, day TEXT NOT NULL, rows INTEGER NOT NULL,
    sha256 TEXT NOT NULL, fault TEXT NOT NULL, first_received_us INTEGER NOT NULL, last_received_us INTEGER NOT NULL
) WITHOUT ROWID;
"""
_MARK = "store.made"
"""An empty file beside the manifest: where it is, a missing manifest is a lost one."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Manifest:
    """An open manifest; its methods may be called from any thread, one at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._turn = threading.RLock()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Enter a transaction that no other writer shares; all of it is kept, or on an exception nothing.

        Raises StorageError.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Enter a view of one moment, which no writer waits for; raises StorageError."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._turn:
            try:
                self._connection.execute(begin)
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _refused(self.path, error) from error

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._connection.close()


def open_manifest(path: Path) -> Manifest:
    """Open the manifest, made when there never was one; raises StorageError, also when it was lost."""
    make_folder(path.parent)
    if not path.exists() and _was_there(path):
        raise _lost(path, message("the manifest of the event store is gone"))
    manifest = make_manifest(path)
    with suppress(OSError):
        path.with_name(_MARK).touch(mode=_PRIVATE)
    return manifest


def make_manifest(path: Path) -> Manifest:
    """Open a manifest, made when there is none; raises StorageError."""
    try:
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        path.chmod(_PRIVATE)
        use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        manifest = Manifest(path, connection)
        if _version(connection) != VERSION:
            _make(manifest)
    except (sqlite3.Error, OSError) as error:
        raise _refused(path, error) from error
    return manifest


def is_lost(path: Path) -> bool:
    """Return whether the manifest is damaged, or gone while event files or raw records are there.

    Reads the whole of it; raises StorageError when it can't be read for another reason.
    """
    if not path.exists():
        return _was_there(path) or any(path.parent.glob("raw/*/*.zst"))
    try:
        # Not read only: whoever opens a WAL database first may have to make its neighbours.
        with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
            told = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'files'").fetchone()
            return told != ("ok",) or (_version(connection) > 0 and tables != (1,))
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return True
        raise _refused(path, error) from error


def _was_there(path: Path) -> bool:
    return path.with_name(_MARK).exists() or any(path.parent.glob("events/*/*/*.parquet"))


def _make(manifest: Manifest) -> None:
    with manifest.writing() as connection:
        found = _version(connection)
        for statement in (_SCHEMA if found == 0 else "").split(";\n") + (_SINCE_2 if found < 2 else "").split(";\n"):
            connection.execute(statement)
        if found < VERSION:
            connection.execute(f"PRAGMA user_version = {VERSION}")
    if found > VERSION:
        what = message("{path} was written by a newer version of this program", path=manifest.path)
        raise StorageError(what, where=str(manifest.path), advice=message("install that version, or a newer one"))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_damage(error: Exception) -> bool:
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _lost(path: Path, what: Message) -> StorageError:
    advice = message("make the store again from the raw records: {command}", command="sec-ops logs rebuild")
    return StorageError(what, where=str(path), advice=advice)


def _refused(path: Path, error: Exception) -> StorageError:
    if _is_damage(error):
        return _lost(path, message("the manifest of the event store is damaged: {reason}", reason=str(error)))
    return StorageError(
        message("the manifest of the event store can't be used: {reason}", reason=str(error)),
        where=str(path),
        advice=message("free space or mend permissions, then run the command again; what was written before is intact"),
    )
