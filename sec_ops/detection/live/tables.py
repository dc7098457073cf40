"""The tables of live detection, and of detection that asks a store, each a step of detection's database."""

__all__ = ["LIVE_TABLES", "STORE_TABLES"]

LIVE_TABLES = """
CREATE TABLE live_streams (
    stream TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, received_ms INTEGER NOT NULL, loose TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE live_groups (
    correlation TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (correlation, key)
) WITHOUT ROWID;
CREATE TABLE live_facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE live_gaps (
    since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, reason TEXT NOT NULL PRIMARY KEY,
    events INTEGER NOT NULL, detail TEXT NOT NULL
) WITHOUT ROWID
"""

STORE_TABLES = """
CREATE TABLE store_streams (
    stream TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, received_ms INTEGER NOT NULL, loose TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE store_groups (
    correlation TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, document BLOB NOT NULL,
    PRIMARY KEY (correlation, key)
) WITHOUT ROWID;
CREATE TABLE store_facts (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
"""
