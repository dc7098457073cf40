"""What the record lets go: rows beyond an age that no point, no status and no comparison needs any more."""

import sqlite3

__all__ = ["shed"]

_LIVE = "SELECT run FROM arrivals WHERE gone_ms IS NULL"
_KIND = "GROUP BY verb, system, repository"
_STATEMENTS = (
    f"""
    DELETE FROM attempts WHERE started_ms < :before AND state != 'running' AND (run = '' OR run NOT IN ({_LIVE}))
    AND id NOT IN (SELECT max(id) FROM attempts {_KIND})
    AND id NOT IN (SELECT max(id) FROM attempts WHERE verdict IN ('ok', 'partial') {_KIND})
    """,  # noqa: S608 - our own words
    "DELETE FROM sources WHERE attempt NOT IN (SELECT id FROM attempts)",
    # A copy that its own place let go must not be taken for one that never came, as long as there is one elsewhere.
    f"DELETE FROM arrivals WHERE gone_ms < :before AND run NOT IN ({_LIVE})",  # noqa: S608 - our own words
    "DELETE FROM judgements WHERE at_ms < :before AND run NOT IN (SELECT run FROM arrivals)",
    """
    DELETE FROM sizes WHERE at_ms < :before
    AND at_ms < (SELECT max(at_ms) FROM sizes AS later WHERE later.repository = sizes.repository)
    """,
)


def shed(connection: sqlite3.Connection, before_ms: int) -> int:
    """Remove rows older than a moment; return how many went."""
    return sum(connection.execute(each, {"before": before_ms}).rowcount for each in _STATEMENTS)
