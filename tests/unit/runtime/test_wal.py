"""A new database that another process is just setting up."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from sec_ops.runtime.wal import use_wal


def test_who_finds_a_new_database_locked_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    with (
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as first,
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as second,
    ):
        first.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(time, "sleep", lambda seconds: first.execute("COMMIT"))
        use_wal(second)
        assert second.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"no database" * 200)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError):
        use_wal(connection)
