"""What live detection keeps in detection's database: positions, what correlations remember, gaps."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sec_ops.detection.correlate.keeping import Kept
from sec_ops.detection.database import Database
from sec_ops.detection.live.positions import Position

__all__ = ["Gap", "GapReason", "Scope", "close_gaps", "keep_facts", "keep_gap", "keep_groups", "keep_positions"]
__all__ += ["kept_facts", "kept_gaps", "kept_groups", "kept_positions", "pass_over"]


class Scope(StrEnum):
    """Whose positions and correlations: those of events as they come, or as they are asked of a store."""

    LIVE = "live"
    STORE = "store"


class GapReason(StrEnum):
    """Why events were not judged as they came."""

    STORED_UNJUDGED = "stored_unjudged"  # the store took them while nobody judged: detection was off, or died unwritten
    NOT_READY = "not_ready"  # no rules could be read, or detection's database could not be opened
    NO_ROOM = "no_room"  # hits waited for the disk, and there were too many
    FAILED = "failed"  # judging one event raised an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Events that were received within [since, until] (milliseconds since 1970, UTC) and not judged as they came.

    `events` is how many are known of, 0 when that is not known; `detail` names an error or a record.
    """

    since_ms: int
    until_ms: int
    reason: GapReason
    events: int = 0
    detail: str = ""

    def joined(self, other: "Gap") -> "Gap":
        """Return one gap that stands for both, with the detail of the later."""
        return Gap(
            since_ms=min(self.since_ms, other.since_ms),
            until_ms=max(self.until_ms, other.until_ms),
            reason=other.reason,
            events=self.events + other.events,
            detail=other.detail,
        )


def kept_positions(database: Database, scope: Scope = Scope.LIVE) -> Mapping[str, Position]:
    """Return how far each stream is judged; raises StorageError."""
    with database.reading() as connection:
        rows = connection.execute(f"SELECT stream, sequence, received_ms, loose FROM {scope}_streams").fetchall()
    return {
        stream: Position(sequence=sequence, received_ms=received_ms, loose=frozenset(json.loads(loose)))
        for stream, sequence, received_ms, loose in rows
    }


def keep_positions(database: Database, positions: Iterable[tuple[str, Position]], scope: Scope = Scope.LIVE) -> None:
    """Keep how far streams are judged."""
    rows = [(name, each.sequence, each.received_ms, json.dumps(sorted(each.loose))) for name, each in positions]
    with database.writing() as connection:
        connection.executemany(f"INSERT OR REPLACE INTO {scope}_streams VALUES (?, ?, ?, ?)", rows)


def pass_over(database: Database, stream: str, since: int, until: int) -> None:
    """Let a stream that is judged up to a batch count as judged up to a later one; raises StorageError."""
    statement = "UPDATE live_streams SET sequence = ?3 WHERE stream = ?1 AND sequence >= ?2 AND sequence < ?3"
    with database.writing() as connection:
        connection.execute(statement, (stream, since, until))


def kept_groups(database: Database, scope: Scope = Scope.LIVE) -> Sequence[Kept]:
    """Return what correlations remember; raises StorageError."""
    with database.reading() as connection:
        rows = connection.execute(f"SELECT correlation, digest, key, document FROM {scope}_groups").fetchall()
    return [Kept(correlation=name, digest=digest, key=key, document=text) for name, digest, key, text in rows]


def keep_groups(database: Database, groups: Iterable[Kept], scope: Scope = Scope.LIVE) -> None:
    """Keep what correlations remember; an empty document takes it away."""
    kept = list(groups)
    with database.writing() as connection:
        connection.executemany(
            f"DELETE FROM {scope}_groups WHERE correlation = ? AND key = ?",
            [(each.correlation, each.key) for each in kept if not each.document],
        )
        connection.executemany(
            f"INSERT OR REPLACE INTO {scope}_groups (correlation, key, digest, document) VALUES (?, ?, ?, ?)",
            [(each.correlation, each.key, each.digest, each.document) for each in kept if each.document],
        )


def kept_facts(database: Database, scope: Scope = Scope.LIVE) -> Mapping[str, int]:
    """Return numbers that are kept by name; raises StorageError."""
    with database.reading() as connection:
        return {name: int(value) for name, value in connection.execute(f"SELECT name, value FROM {scope}_facts")}


def keep_facts(database: Database, facts: Mapping[str, int], scope: Scope = Scope.LIVE) -> None:
    """Keep numbers by name."""
    with database.writing() as connection:
        rows = [(name, str(value)) for name, value in facts.items()]
        connection.executemany(f"INSERT OR REPLACE INTO {scope}_facts VALUES (?, ?)", rows)


def kept_gaps(database: Database) -> Sequence[Gap]:
    """Return the gaps that no hunt has closed, the earliest first; raises StorageError."""
    with database.reading() as connection:
        rows = connection.execute(
            "SELECT since_ms, until_ms, reason, events, detail FROM live_gaps ORDER BY 1, 2"
        ).fetchall()
    return [
        Gap(since_ms=since, until_ms=until, reason=GapReason(reason), events=events, detail=detail)
        for since, until, reason, events, detail in rows
    ]


def keep_gap(database: Database, gap: Gap) -> None:
    """Keep a gap until a hunt closes it, joined with an earlier one of the same reason."""
    with database.writing() as connection:
        known = next((each for each in kept_gaps(database) if each.reason is gap.reason), None)
        whole = known.joined(gap) if known else gap
        row = (whole.since_ms, whole.until_ms, whole.reason.value, whole.events, whole.detail)
        connection.execute("INSERT OR REPLACE INTO live_gaps VALUES (?, ?, ?, ?, ?)", row)


def close_gaps(database: Database, since_ms: int, until_ms: int) -> int:
    """Take away the gaps that a hunt over events received within [since, until] has closed; return how many."""
    with database.writing() as connection:
        statement = "DELETE FROM live_gaps WHERE since_ms >= ? AND until_ms <= ?"
        return connection.execute(statement, (since_ms, until_ms)).rowcount
