"""`Record`: `var/backup/backup.db`, one object for all that is known of backups without asking a repository."""

import os
import socket
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sec_ops.backup.record.arriving import by_claim
from sec_ops.backup.record.attempts import Attempting, Attempts
from sec_ops.backup.record.holding import Holds
from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.rows import (
    arrival_row,
    inserted,
    judged_row,
    read_arrival,
    read_judged_part,
    read_size,
)
from sec_ops.backup.record.shedding import shed
from sec_ops.backup.record.tables import STEPS
from sec_ops.backup.record.values import Arrival, Attempt, Doing, Hold, JudgedPart, Ordered, Size, Verb
from sec_ops.backup.verdict import Verdict
from sec_ops.model.messages import message
from sec_ops.model.protocols import Clock
from sec_ops.runtime.clock import SystemClock
from sec_ops.runtime.database import Database, open_database
from sec_ops.runtime.site import Site

__all__ = ["DATABASE", "Listed", "Record", "open_record"]

DATABASE = Path("backup") / "backup.db"
"""The file, below the site's `var`."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a whole listing of a repository brought: snapshots not known before, and those that are gone since."""

    new: tuple[Arrival, ...]
    gone: tuple[Arrival, ...]


class Record:
    """The record of one site. Every method raises StorageError when the disk refuses."""

    def __init__(self, database: Database, locks: Path, clock: Clock, holder: str) -> None:
        self._database = database
        self._clock = clock
        self._attempts = Attempts(database, locks, clock, holder)
        self._holds = Holds(database)

    def attempting(self, doing: Doing) -> AbstractContextManager[Attempting]:
        """Begin an attempt, recorded before the context is entered; raises AlreadyRunning."""
        return self._attempts.begin(doing)

    def settle(self) -> tuple[Attempt, ...]:
        """Mark attempts whose process is gone as interrupted; return these."""
        return self._attempts.settle()

    def remember(self, attempts: Sequence[Attempt]) -> int:
        """Keep attempts known from elsewhere, oldest first; return how many were not known."""
        return self._attempts.remember(attempts)

    def attempts(self, verb: Verb, system: str = "", repository: str = "", *, limit: int = -1) -> tuple[Attempt, ...]:
        """Return attempts of a verb, newest first; of all systems and repositories unless one is named."""
        return self._attempts.find(*_where(verb=verb.value, system=system, repository=repository), limit=limit)

    def latest(
        self, verb: Verb, system: str, repository: str = "", *, verdicts: Collection[Verdict] = ()
    ) -> Attempt | None:
        """Return the newest attempt, of those that came to one of the verdicts when any are named."""
        condition, values = _where(verb=verb.value, system=system, repository=repository)
        if verdicts:
            condition += f" AND verdict IN ({', '.join('?' for _ in verdicts)})"
        found = self._attempts.find(condition, (*values, *(each.value for each in verdicts)), limit=1)
        return next(iter(found), None)

    def before(self, attempt: Attempt) -> Attempt | None:
        """Return the attempt of the same kind before one, None when it was the first."""
        condition, values = _where(verb=attempt.verb.value, system=attempt.system, repository=attempt.repository)
        found = self._attempts.find(f"{condition} AND id < ?", (*values, attempt.id), limit=1)
        return next(iter(found), None)

    def of_run(self, run: str) -> tuple[Attempt, ...]:
        """Return what was attempted under the name of a run, newest first."""
        return self._attempts.find("run = ?", (run,))

    def arrive(self, arrivals: Sequence[Arrival]) -> tuple[Arrival, ...]:
        """Keep snapshots in the order given; return those that were not known, with their numbers.

        A known one gains what was not known of it; its number and when it was first seen never change.
        """
        with self._database.writing() as connection:
            return tuple(new for each in arrivals if (new := _arrived(connection, each)))

    def listed(self, repository: str, arrivals: Sequence[Arrival], *, asked_ms: int) -> Listed:
        """Take a whole listing of a repository, asked for at a moment, in the order new ones shall have.

        What it lacks is marked gone, save what was first seen after the moment. Of a repository nothing is known of,
        the snapshots count as arrived when they claim, as there is nothing better, and not after now.
        """
        with self._database.writing() as connection:
            if not _known(connection, repository):
                arrivals = [by_claim(each) if each.ordered is Ordered.SEEN else each for each in arrivals]
            new = self.arrive(arrivals)
            there = {each.snapshot for each in arrivals}
            condition = "repository = ? AND gone_ms IS NULL AND first_seen_ms < ?"
            known = _arrivals(connection, condition, (repository, asked_ms))
            gone = tuple(replace(each, gone_ms=self.now_ms) for each in known if each.snapshot not in there)
            change = "UPDATE arrivals SET gone_ms = ? WHERE arrival = ?"
            connection.executemany(change, [(each.gone_ms, each.arrival) for each in gone])
            return Listed(new=new, gone=gone)

    def verdicts(self, system: str = "") -> dict[str, Verdict]:
        """Return what runs came to that were made here, of all systems unless one is named."""
        condition, values = _where(verb=Verb.RUN.value, system=system)
        query = f"SELECT run, verdict FROM attempts WHERE {condition} AND verdict IS NOT NULL"  # noqa: S608 - our names
        with self._database.reading() as connection:
            return {run: Verdict(verdict) for run, verdict in connection.execute(query, values)}

    def arrivals(
        self, system: str = "", repository: str = "", *, run: str = "", gone: bool = False, last: int = -1
    ) -> tuple[Arrival, ...]:
        """Return snapshots in the order they came, so many of the last; those that are gone only when asked for."""
        condition, values = _where(system=system, repository=repository, run=run)
        there = condition if gone else f"{condition} AND gone_ms IS NULL"
        with self._database.reading() as connection:
            return _arrivals(connection, there, (*values, last), order="DESC LIMIT ?")[::-1]

    def newest(self, system: str, repository: str, source: str, part: str, run: str = "") -> Iterator[Arrival]:
        """Return the snapshots of a part that are there, the last to come first, read as far as they are asked for."""
        condition, values = _where(system=system, repository=repository, source=source, part=part, run=run)
        before = 2**63 - 1
        while True:
            query = f"{condition} AND gone_ms IS NULL AND arrival < ?"
            with self._database.reading() as connection:
                found = _arrivals(connection, query, (*values, before), order="DESC LIMIT 20")
            yield from found
            if not found:
                return
            before = found[-1].arrival

    def future_dated(self, system: str, repository: str) -> tuple[Arrival, ...]:
        """Return the snapshots there that claim to be more than five minutes later than they came."""
        condition, values = _where(system=system, repository=repository)
        late = "claimed_ms > first_seen_ms + 300000 AND gone_ms IS NULL"
        with self._database.reading() as connection:
            return _arrivals(connection, f"{condition} AND {late}", values)

    def hold(self, hold: Hold) -> Hold:
        """Keep a hold and return it with its number."""
        return self._holds.keep(hold)

    def take_holds(self, holds: Sequence[Hold], *, told: int) -> int:
        """Keep what evidence tells of holds up to its entry `told`; return how many were not known.

        A run that a hold is known of stays as it is known.
        """
        return self._holds.take(holds, told=told)

    @property
    def holds_told(self) -> int:
        """Return the number of the evidence entry up to which holds were taken, -1 when none was looked at."""
        return self._holds.told

    def lift(self, identifier: int, *, person: str, reason: str) -> Hold:
        """Lift a hold and return it; raises UsageError when there is none or it was lifted before."""
        return self._holds.lift(identifier, person=person, reason=reason, now_ms=self.now_ms)

    def holds(self, system: str = "", repository: str = "", *, lifted: bool = False) -> tuple[Hold, ...]:
        """Return the holds, oldest first; those that were lifted only when asked for."""
        condition, values = _where(system=system, repository=repository)
        return self._holds.find(condition if lifted else f"{condition} AND lifted_ms IS NULL", values)

    def judge(self, parts: Sequence[JudgedPart]) -> None:
        """Keep what the gate measured of a run."""
        with self._database.writing() as connection:
            for each in parts:
                connection.execute(*inserted("judgements", judged_row(each), ignoring="OR REPLACE"))

    def judgements(self, system: str, repository: str) -> tuple[JudgedPart, ...]:
        """Return what the gate measured of a system's runs in a repository, oldest first."""
        condition, values = _where(system=system, repository=repository)
        query = f"SELECT * FROM judgements WHERE {condition} ORDER BY rowid"  # noqa: S608 - conditions of ours
        with self._database.reading() as connection:
            return tuple(read_judged_part(each) for each in _rows(connection, query, values))

    def measured(self, size: Size) -> None:
        """Keep how large a repository is; of each day (UTC) the last is kept."""
        day = size.at_ms - size.at_ms % _DAY_MS
        row = {"repository": size.repository, "at_ms": size.at_ms, "bytes": size.bytes, "free_bytes": size.free_bytes}
        with self._database.writing() as connection:
            earlier = "DELETE FROM sizes WHERE repository = ? AND at_ms >= ? AND at_ms < ?"
            connection.execute(earlier, (size.repository, day, size.at_ms))
            connection.execute(*inserted("sizes", row, ignoring="OR REPLACE"))

    def sizes(self, repository: str) -> tuple[Size, ...]:
        """Return how large a repository was over time, oldest first."""
        with self._database.reading() as connection:
            rows = _rows(connection, "SELECT * FROM sizes WHERE repository = ? ORDER BY at_ms", (repository,))
            return tuple(read_size(each) for each in rows)

    def stored_since(self, repository: str, since_ms: int) -> int:
        """Return how many bytes the snapshots first seen since a moment added to a repository, as they are packed."""
        query = "SELECT coalesce(sum(bytes_packed), 0) FROM arrivals WHERE repository = ? AND first_seen_ms >= ?"
        with self._database.reading() as connection:
            return int(connection.execute(query, (repository, since_ms)).fetchone()[0])

    def first_seen_ms(self, repository: str) -> int | None:
        """Return when the first snapshot of a repository was seen, None when none was."""
        query = "SELECT first_seen_ms FROM arrivals WHERE repository = ? ORDER BY first_seen_ms LIMIT 1"
        with self._database.reading() as connection:
            found = connection.execute(query, (repository,)).fetchone()
            return int(found[0]) if found else None

    def shed(self, before_ms: int) -> int:
        """Let go what is older than a moment and needed by nothing; return how many rows went."""
        with self._database.writing() as connection:
            return shed(connection, before_ms)

    @property
    def new(self) -> bool:
        """Return whether nothing was ever written down."""
        with self._database.reading() as connection:
            rows = "SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM arrivals)"
            return int(connection.execute(rows).fetchone()[0]) == 0

    @property
    def now_ms(self) -> int:
        """Return the present in milliseconds since 1970, by the clock the record is kept by."""
        return milliseconds(self._clock.now())

    def close(self) -> None:
        """Close the file."""
        self._database.close()


@contextmanager
def open_record(site: Site, *, clock: Clock | None = None) -> Iterator[Record]:
    """Open the record of a site, made when there is none; raises StorageError."""
    path = site.var / DATABASE
    cure = message("make it anew: {command}", command="sec-ops backup status --rebuild")
    database = open_database(path, STEPS, cure=cure)
    record = Record(database, path.parent / "locks", clock or SystemClock(), f"{socket.gethostname()}/{os.getpid()}")
    try:
        yield record
    finally:
        record.close()


def _where(**wanted: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition that columns equal what is wanted, and the values; an empty text wants anything."""
    asked = {name: value for name, value in wanted.items() if value}
    return " AND ".join(("1 = 1", *(f"{name} = ?" for name in asked))), tuple(asked.values())


def _arrived(connection: sqlite3.Connection, arrival: Arrival) -> Arrival | None:
    added = connection.execute(*inserted("arrivals", arrival_row(arrival), ignoring="OR IGNORE"))
    if added.rowcount:
        return replace(arrival, arrival=added.lastrowid or 0)
    change = (
        "UPDATE arrivals SET gone_ms = NULL, taken_at_ms = coalesce(taken_at_ms, ?),"
        " heartbeat_ms = coalesce(heartbeat_ms, ?) WHERE repository = ? AND snapshot = ?"
    )
    known = (arrival.taken_at_ms, arrival.heartbeat_ms, arrival.repository, arrival.snapshot)
    connection.execute(change, known)
    return None


def _arrivals(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...], *, order: str = ""
) -> tuple[Arrival, ...]:
    query = f"SELECT * FROM arrivals WHERE {condition} ORDER BY arrival {order}"  # noqa: S608 - conditions of ours
    return tuple(read_arrival(each) for each in _rows(connection, query, values))


def _rows(connection: sqlite3.Connection, query: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query, values).fetchall()


def _known(connection: sqlite3.Connection, repository: str) -> bool:
    """Return whether anything was ever seen in a repository."""
    query = "SELECT 1 FROM arrivals WHERE repository = ? LIMIT 1"
    return connection.execute(query, (repository,)).fetchone() is not None
