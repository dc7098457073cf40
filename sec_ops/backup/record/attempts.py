"""Attempts: written down as begun before anything starts, so that one cut short shows as interrupted, never as good."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sec_ops.backup.record.moments import milliseconds
from sec_ops.backup.record.rows import counted, inserted, read_attempt
from sec_ops.backup.record.spelling import judged_text
from sec_ops.backup.record.values import Attempt, Doing, Ending, State, Verb
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import IncompleteError, SecOpsError
from sec_ops.model.messages import Message, message
from sec_ops.model.protocols import Clock
from sec_ops.runtime.database import Database
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.locks import Lock

__all__ = ["AlreadyRunning", "Attempting", "Attempts"]


class AlreadyRunning(IncompleteError):
    """The same is being attempted by somebody else; `attempt` is theirs, where it is known."""

    def __init__(self, doing: Doing, attempt: Attempt | None) -> None:
        owner = attempt.holder if attempt else "?"
        super().__init__(
            message(
                "{verb} of {system} is going on already, by process {owner}",
                verb=doing.verb.value,
                system=doing.system,
                owner=owner,
            ),
            advice=message("wait for it to end, then run it again"),
        )
        self.attempt = attempt


class Attempting:
    """An attempt under way. What it came to is said once, by `end`."""

    def __init__(self, attempts: "Attempts", identifier: int) -> None:
        self._attempts = attempts
        self.id = identifier
        self.ended = False

    def end(self, ending: Ending) -> None:
        """Write down what it came to; raises StorageError."""
        self._attempts.finish(self.id, ending, State.ENDED)
        self.ended = True


class Attempts:
    """The attempts of a record; `holder` is this process as others read it."""

    def __init__(self, database: Database, locks: Path, clock: Clock, holder: str) -> None:
        self._database = database
        self._locks = locks
        self._clock = clock
        self._holder = holder

    @contextmanager
    def begin(self, doing: Doing) -> Iterator[Attempting]:
        """Write down that something is attempted, before it starts; raises AlreadyRunning, StorageError.

        The kernel lifts the lock with the process, however it ends: an attempt without an end whose lock is free was
        interrupted. One left without a word is recorded as interrupted too, one that raises as failed.
        """
        lock = Lock.take(self._lock(doing.verb, doing.system, doing.repository))
        if lock is None:
            raise AlreadyRunning(doing, self._open(doing))
        try:
            attempting = Attempting(self, self._started(doing))
            try:
                yield attempting
            except BaseException as error:
                if not attempting.ended:
                    attempting.end(Ending(judged=_broken_off(doing, error)))
                raise
            if not attempting.ended:
                attempting.end(Ending(judged=_interrupted(doing.verb, doing.system)))
        finally:
            lock.release()

    def finish(self, identifier: int, ending: Ending, state: State) -> bool:
        """Write down the end of an attempt; return whether it was open. Raises StorageError."""
        ended = milliseconds(self._clock.now()) if state is State.ENDED else None
        row = {"state": state.value, "ended_ms": ended, **_ending(ending)}
        assignments = ", ".join(f"{name} = ?" for name in row)
        change = f"UPDATE attempts SET {assignments} WHERE id = ? AND state = 'running'"  # noqa: S608 - our names
        with self._database.writing() as connection:
            if not connection.execute(change, (*row.values(), identifier)).rowcount:
                return False
            _keep_sources(connection, identifier, ending)
        return True

    def remember(self, attempts: Sequence[Attempt]) -> int:
        """Keep attempts that ended long ago, oldest first, and return how many were not known. Raises StorageError.

        They come before all that are there when they began before all of them: the newest stays the newest.
        """
        with self._database.writing() as connection:
            first = connection.execute("SELECT min(id), min(started_ms) FROM attempts").fetchone()
            missing = [each for each in attempts if not self._is_known(each)]
            earlier = sum(first[0] is not None and each.started_ms < first[1] for each in missing)
            for place, each in enumerate(missing):
                identifier = first[0] - earlier + place if place < earlier else None
                _keep(connection, each, identifier)
        return len(missing)

    def _is_known(self, attempt: Attempt) -> bool:
        """Return whether an attempt is there: a run by its name, all else by its evidence."""
        of_it = "verb = ? AND system = ? AND repository = ?"
        named, name = ("run", attempt.run) if attempt.verb is Verb.RUN else ("evidence", _number(attempt))
        same = (attempt.verb.value, attempt.system, attempt.repository, name)
        return bool(self.find(f"{of_it} AND {named} = ?", same, limit=1))

    def settle(self) -> tuple[Attempt, ...]:
        """Mark attempts whose process is gone as interrupted; return these, newest first. Raises StorageError."""
        settled = [each.id for each in self.find("state = 'running'") if self._settled(each)]
        return tuple(found for identifier in settled for found in self.find("id = ?", (identifier,)))

    def find(self, condition: str, values: Sequence[object] = (), *, limit: int = -1) -> tuple[Attempt, ...]:
        """Return the attempts that fulfil a condition over the table's columns, newest first."""
        query = f"SELECT * FROM attempts WHERE {condition} ORDER BY id DESC LIMIT ?"  # noqa: S608 - conditions of ours
        with self._database.reading() as connection:
            rows = _rows(connection, query, (*values, limit))
            ids = [row["id"] for row in rows] or [0]
            sources: dict[int, list[sqlite3.Row]] = {}
            for each in _rows(connection, _SOURCES, (min(ids), max(ids))):
                sources.setdefault(each["attempt"], []).append(each)
            return tuple(read_attempt(row, sources.get(row["id"], ())) for row in rows)

    def _settled(self, attempt: Attempt) -> bool:
        lock = Lock.take(self._lock(attempt.verb, attempt.system, attempt.repository))
        if lock is None:
            return False
        try:
            ending = Ending(judged=_interrupted(attempt.verb, attempt.system))
            return self.finish(attempt.id, ending, State.INTERRUPTED)
        finally:
            lock.release()

    def _started(self, doing: Doing) -> int:
        """Write the beginning; we have the lock, so any other open attempt of the kind was interrupted."""
        for each in self.find(_SAME, _same(doing)):
            self.finish(each.id, Ending(judged=_interrupted(doing.verb, doing.system)), State.INTERRUPTED)
        row = {
            "verb": doing.verb.value,
            "system": doing.system,
            "repository": doing.repository,
            "run": doing.run,
            "holder": self._holder,
            "started_ms": milliseconds(self._clock.now()),
            "state": State.RUNNING.value,
        }
        with self._database.writing() as connection:
            return int(connection.execute(*inserted("attempts", row)).lastrowid or 0)

    def _open(self, doing: Doing) -> Attempt | None:
        return next(iter(self.find(_SAME, _same(doing))), None)

    def _lock(self, verb: Verb, system: str, repository: str) -> Path:
        return make_folder(self._locks) / f"{verb.value}@{system}@{repository}.lock"


def _rows(connection: sqlite3.Connection, query: str, values: tuple[object, ...]) -> list[sqlite3.Row]:
    cursor = connection.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(query, values).fetchall()


def _keep(connection: sqlite3.Connection, attempt: Attempt, identifier: int | None) -> None:
    assert attempt.ending is not None  # noqa: S101 - only what ended is remembered
    row = {
        "id": identifier,
        "verb": attempt.verb.value,
        "system": attempt.system,
        "repository": attempt.repository,
        "run": attempt.run,
        "holder": attempt.holder,
        "started_ms": attempt.started_ms,
        "ended_ms": attempt.ended_ms,
        "state": State.ENDED.value,
        **_ending(attempt.ending),
    }
    kept = int(connection.execute(*inserted("attempts", row)).lastrowid or 0)
    _keep_sources(connection, kept, attempt.ending)


def _number(attempt: Attempt) -> int | None:
    return attempt.ending.evidence if attempt.ending else None


def _ending(ending: Ending) -> dict[str, object]:
    return {
        "verdict": ending.judged.verdict.value,
        "judged": judged_text(ending.judged),
        "snapshots": ending.snapshots,
        "evidence": ending.evidence,
        **counted(ending.counts),
    }


def _keep_sources(connection: sqlite3.Connection, identifier: int, ending: Ending) -> None:
    for position, each in enumerate(ending.sources):
        moments = {"taken_at_ms": each.taken_at_ms, "heartbeat_ms": each.heartbeat_ms}
        source = {"source": each.source, "judged": judged_text(each.judged), **moments}
        connection.execute(*inserted("sources", {"attempt": identifier, "position": position, **source}))


def _same(doing: Doing) -> tuple[str, ...]:
    return (doing.verb.value, doing.system, doing.repository)


def _interrupted(verb: Verb, system: str) -> Judged:
    what = message("{verb} of {system} was cut short: its process is gone", verb=verb.value, system=system)
    return Judged(verdict=Verdict.INTERRUPTED, what=what, advice=_again(verb, system))


def _broken_off(doing: Doing, error: BaseException) -> Judged:
    again = _again(doing.verb, doing.system)
    if isinstance(error, SecOpsError):
        return Judged(verdict=Verdict.FAILED, what=error.what, why=error.why, advice=error.advice or again)
    if isinstance(error, Exception):
        what = message("{verb} of {system} failed inside", verb=doing.verb.value, system=doing.system)
        return Judged(verdict=Verdict.FAILED, what=what, why=type(error).__name__, advice=again)
    what = message("{verb} of {system} was ended before it was done", verb=doing.verb.value, system=doing.system)
    return Judged(verdict=Verdict.INTERRUPTED, what=what, advice=again)


def _again(verb: Verb, system: str) -> Message:
    if verb is Verb.RUN:
        return message("{command}", command=f"sec-ops backup run {system}")
    return message("run it again")


_SAME = "verb = ? AND system = ? AND repository = ? AND state = 'running'"
_SOURCES = "SELECT * FROM sources WHERE attempt BETWEEN ? AND ? ORDER BY attempt, position"
