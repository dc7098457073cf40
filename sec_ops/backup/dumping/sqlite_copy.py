"""Copies an SQLite database by its online backup API while others write, and sends the copy to stdout.

One file on the standard library alone, for Python 3.8 and newer: it runs where the database lies. What the copy holds
is told in a report: tables with rows and a checksum that doesn't depend on their order, the last heartbeat.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from typing import Any

STEP_PAGES = 4096
BITS = 64


def main(path: str, report: str) -> int:
    """Copy, check, tell and send; return 0, or 1 with the reason on stderr."""
    with tempfile.NamedTemporaryFile(prefix="sec-ops-") as copy:
        try:
            copied(path, copy.name)
            facts = read(copy.name)
        except (sqlite3.Error, OSError) as error:
            sys.stderr.write("{}: {}\n".format(path, error))
            return 1
        with open(report, "w") as stream:
            json.dump(facts, stream)
        with open(copy.name, "rb") as data:
            shutil.copyfileobj(data, sys.stdout.buffer, 1024 * 1024)
        sys.stdout.buffer.flush()
    return 0


def copied(path: str, target: str) -> None:
    """Copy the database as one moment saw it; the copy is one plain file, without a log beside it."""
    if not os.path.isfile(path):
        raise OSError("there is no such file")
    with sqlite3.connect(address(path), uri=True, timeout=60) as source, sqlite3.connect(target) as copy:
        source.backup(copy, pages=STEP_PAGES, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
    source.close()
    copy.close()


def address(path: str) -> str:
    """Return the address of a database that is only read."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return "file:{}?mode=ro".format(quoted)


def read(path: str) -> dict[str, Any]:
    """Return what a database holds; raises sqlite3.Error when it is damaged."""
    database = sqlite3.connect(address(path), uri=True)
    database.text_factory = bytes
    try:
        (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if state != b"ok":
            raise sqlite3.DatabaseError(state.decode("utf-8", "replace"))
        names = [name.decode("utf-8", "replace") for (name,) in database.execute(TABLES)]
        tables = {name: counted(database, name) for name in names}
        return {"tables": tables, "heartbeat": heartbeat(database) if "sec_ops_heartbeat" in tables else None}
    finally:
        database.close()


TABLES = """SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"""


def counted(database: sqlite3.Connection, name: str) -> list[Any]:
    """Return rows and checksum of a table: the sum of the first 64 bits of each row's SHA-256."""
    rows, total = 0, 0
    for row in database.execute("SELECT * FROM {}".format('"' + name.replace('"', '""') + '"')):
        rows += 1
        total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[: BITS // 8], "big")
    return [rows, "{:016x}".format(total % (1 << BITS))]


def heartbeat(database: sqlite3.Connection) -> float | None:
    """Return the last beat in seconds since 1970."""
    (last,) = database.execute("SELECT MAX(at) FROM sec_ops_heartbeat").fetchone()
    return None if last is None else float(last)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
