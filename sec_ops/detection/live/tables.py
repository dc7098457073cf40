"""The tables of live detection, and of detection that asks a store, each a step of detection's database."""

__all__ = ["LIVE_TABLES", "STORE_TABLES"]

_SCOPE_TABLES = """
CREATE TABLE {scope}_streams (
    stream TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, received_ms INTEGER NOT NULL, loose TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE {scope}_groups (
    correlation TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (correlation, key)
) WITHOUT ROWID;
CREATE TABLE {scope}_facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"""

LIVE_TABLES = f"""{_SCOPE_TABLES.format(scope="live")};
CREATE TABLE live_gaps (
    since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, reason TEXT NOT NULL PRIMARY KEY,
    events INTEGER NOT NULL, detail TEXT NOT NULL
) WITHOUT ROWID
"""

STORE_TABLES = f"""{_SCOPE_TABLES.format(scope="store")}
"""
