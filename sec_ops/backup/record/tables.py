"""The tables of `backup.db`, step by step."""

__all__ = ["STEPS"]

_FIRST = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, verb TEXT NOT NULL, system TEXT NOT NULL, repository TEXT NOT NULL,
    run TEXT NOT NULL, holder TEXT NOT NULL, started_ms INTEGER NOT NULL, ended_ms INTEGER, state TEXT NOT NULL,
    verdict TEXT, judged TEXT, snapshots INTEGER NOT NULL DEFAULT 0, bytes_read INTEGER NOT NULL DEFAULT 0,
    bytes_added INTEGER NOT NULL DEFAULT 0, bytes_packed INTEGER NOT NULL DEFAULT 0,
    files_new INTEGER NOT NULL DEFAULT 0, files_changed INTEGER NOT NULL DEFAULT 0,
    files_unmodified INTEGER NOT NULL DEFAULT 0, files_removed INTEGER NOT NULL DEFAULT 0, evidence INTEGER
);
CREATE INDEX attempts_by_system ON attempts (system, verb, repository, id);
CREATE INDEX attempts_open ON attempts (state) WHERE state = 'running';
CREATE TABLE sources (
    attempt INTEGER NOT NULL, position INTEGER NOT NULL, source TEXT NOT NULL, judged TEXT NOT NULL,
    taken_at_ms INTEGER, heartbeat_ms INTEGER, PRIMARY KEY (attempt, position)
) WITHOUT ROWID;
CREATE TABLE arrivals (
    arrival INTEGER PRIMARY KEY AUTOINCREMENT, repository TEXT NOT NULL, snapshot TEXT NOT NULL,
    host TEXT NOT NULL, claimed_ms INTEGER NOT NULL, first_seen_ms INTEGER NOT NULL, original TEXT NOT NULL,
    run TEXT NOT NULL, system TEXT NOT NULL, source TEXT NOT NULL, part TEXT NOT NULL, verdict TEXT NOT NULL,
    ordered TEXT NOT NULL, taken_at_ms INTEGER, heartbeat_ms INTEGER, gone_ms INTEGER,
    bytes_read INTEGER NOT NULL, bytes_added INTEGER NOT NULL, bytes_packed INTEGER NOT NULL,
    files_new INTEGER NOT NULL, files_changed INTEGER NOT NULL, files_unmodified INTEGER NOT NULL,
    files_removed INTEGER NOT NULL, UNIQUE (repository, snapshot)
);
CREATE INDEX arrivals_by_part ON arrivals (system, repository, part, arrival);
CREATE INDEX arrivals_by_run ON arrivals (run);
CREATE INDEX arrivals_by_time ON arrivals (repository, first_seen_ms, bytes_packed);
CREATE INDEX arrivals_of_the_future ON arrivals (repository, system) WHERE claimed_ms > first_seen_ms + 300000;
CREATE INDEX attempts_by_run ON attempts (run);
CREATE TABLE holds (
    id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, repository TEXT NOT NULL, run TEXT NOT NULL,
    reason TEXT NOT NULL, signs TEXT NOT NULL, since_ms INTEGER NOT NULL, lifted_ms INTEGER,
    lifted_by TEXT NOT NULL DEFAULT '', lifted_why TEXT NOT NULL DEFAULT ''
);
CREATE TABLE sizes (
    repository TEXT NOT NULL, at_ms INTEGER NOT NULL, bytes INTEGER, free_bytes INTEGER,
    PRIMARY KEY (repository, at_ms)
) WITHOUT ROWID
"""

_JUDGEMENTS = """
CREATE TABLE judgements (
    repository TEXT NOT NULL, system TEXT NOT NULL, run TEXT NOT NULL, source TEXT NOT NULL, part TEXT NOT NULL,
    at_ms INTEGER NOT NULL, share REAL NOT NULL, added INTEGER NOT NULL, packed INTEGER NOT NULL,
    samples INTEGER NOT NULL, turned_random INTEGER NOT NULL, turned_odd INTEGER NOT NULL,
    PRIMARY KEY (repository, system, run, source, part)
)
"""

_NOTES = "CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"

STEPS: tuple[str, ...] = (_FIRST, _JUDGEMENTS, _NOTES)
"""Each step's statements; a release adds steps and changes none."""
