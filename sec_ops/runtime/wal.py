"""SQLite's write-ahead log, also for several processes that open a new database at the same moment."""

import sqlite3
import time

__all__ = ["use_wal"]

_ATTEMPTS, _PAUSE_SECONDS = 200, 0.05
_PRIMARY = 0xFF


def use_wal(connection: sqlite3.Connection) -> None:
    """Switch a database to its write-ahead log; raises sqlite3.Error.

    SQLite answers "locked" to this statement without waiting for the connection's timeout.
    """
    for _ in range(_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")
