"""The tables of alerts: steps of detection's database."""

__all__ = ["ALERT_TABLES", "SEEN_TIMES"]

ALERT_TABLES = """
CREATE TABLE alerts (
    id TEXT NOT NULL PRIMARY KEY, rule TEXT NOT NULL, digest TEXT NOT NULL, title TEXT NOT NULL,
    level INTEGER NOT NULL, runbook TEXT NOT NULL, key TEXT NOT NULL, begin_us INTEGER, span_s INTEGER NOT NULL,
    rest INTEGER NOT NULL, suppression TEXT NOT NULL, state TEXT NOT NULL, count INTEGER NOT NULL,
    first_us INTEGER, last_us INTEGER, opened_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    reopened INTEGER NOT NULL, closing TEXT NOT NULL, sealed INTEGER NOT NULL, told INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX alerts_by_state ON alerts (state, rule);
CREATE TABLE related (
    alert TEXT NOT NULL, record TEXT NOT NULL, time_us INTEGER, shape TEXT NOT NULL, event BLOB NOT NULL,
    cut INTEGER NOT NULL, PRIMARY KEY (alert, record)
) WITHOUT ROWID;
CREATE TABLE entities (
    alert TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (alert, kind, value)
) WITHOUT ROWID;
CREATE INDEX entities_by_value ON entities (value, kind);
CREATE TABLE seen (
    rule TEXT NOT NULL, source TEXT NOT NULL, chunk INTEGER NOT NULL, members BLOB NOT NULL,
    PRIMARY KEY (rule, source, chunk)
) WITHOUT ROWID;
CREATE TABLE suppressions (id TEXT NOT NULL, sha256 TEXT NOT NULL, data TEXT NOT NULL, ended INTEGER NOT NULL,
    PRIMARY KEY (id, sha256)
) WITHOUT ROWID;
CREATE TABLE notices (at_ms INTEGER NOT NULL, alerts INTEGER NOT NULL)
"""

SEEN_TIMES = """
ALTER TABLE seen ADD COLUMN kept_ms INTEGER NOT NULL DEFAULT 0
"""
"""When a row of `seen` was last written (milliseconds since 1970, UTC); 0 where that isn't known yet."""
