"""Databases of our own in SQLite, with a write-ahead log and tables that are made and changed by numbered steps.

A step is a list of statements; a release adds steps at the end and never changes one that was released.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import Message, message
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.locks import waited
from sec_ops.runtime.wal import use_wal

__all__ = ["Database", "open_database"]

_WAIT_SECONDS = 120
_PRIVATE = 0o600
_PRIMARY = 0xFF


class Database:
    """The open database; its methods may be called from any thread, one at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection, cure: Message | None = None) -> None:
        self.path = path
        self._cure = cure
        self._connection = connection
        self._turn = threading.RLock()
        self._depth = 0

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Enter a transaction that no other writer shares; all of it is kept, or on an exception nothing.

        Entered again inside itself, it is the same transaction: whoever entered first commits. Raises StorageError.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Enter a view of one moment, which no writer waits for; inside a transaction, its own. Raises StorageError."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def alone(self, deed: str) -> Iterator[None]:
        """Hold the right to do something that takes longer than a transaction, after waiting for whoever has it.

        Raises StorageError.
        """
        with waited(self.path.with_name(f"{deed}.lock")):
            yield

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._turn, _told(self.path, self._cure):
            if self._depth == 0:
                self._connection.execute(begin)
            self._depth += 1
            try:
                yield self._connection
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1


def open_database(path: Path, steps: Sequence[str], *, cure: Message | None = None) -> Database:
    """Open a database, made or brought up to date by the steps it lacks; raises StorageError.

    `cure` is the advice for one that is damaged.
    """
    make_folder(path.parent)
    with _told(path, cure), _files_told(path):
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        path.chmod(_PRIVATE)
        use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        database = Database(path, connection, cure)
        if _version(connection) != len(steps):
            _bring_up_to_date(database, steps)
    return database


def _bring_up_to_date(database: Database, steps: Sequence[str]) -> None:
    with database.writing() as connection:
        found = _version(connection)
        for step in steps[found:]:
            for statement in step.split(";\n"):
                connection.execute(statement)
        if found < len(steps):
            connection.execute(f"PRAGMA user_version = {len(steps)}")
    if found > len(steps):
        what = message("{path} was written by a newer version of this program", path=database.path)
        raise StorageError(what, where=str(database.path), advice=message("install that version, or a newer one"))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _told(path: Path, cure: Message | None) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
        raise _refused(
            path, error, cure if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) else None
        ) from error


@contextmanager
def _files_told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refused(path, error, None) from error


def _refused(path: Path, error: Exception, cure: Message | None) -> StorageError:
    room = message("free space or mend permissions, then run the command again; what was written before is intact")
    return StorageError(
        message("the database {name} can't be used: {reason}", name=path.name, reason=str(error)),
        where=str(path),
        advice=cure or room,
    )
