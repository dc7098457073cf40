"""What the manifest says of event files, and the steps that change it: register, replace, remove."""

import sqlite3
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sec_ops.siem.storing import Commit, DatasetDay

__all__ = ["EventFile", "commits", "day_files", "days", "files_between", "is_new", "register", "replace", "with_column"]

_FIELDS = (
    "path, dataset, day, rows, bytes, sha256, first_us, last_us, first_received_us, last_received_us, sorted, "
    "text_bytes, columns"
)
_FIRST, _LAST = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFile:
    """One Parquet file: `path` below the folder of events, times in microseconds, numbers of the columns it has.

    `text_bytes` is about how much memory its texts take.
    """

    path: str
    dataset: str
    day: str
    rows: int
    bytes: int
    sha256: str
    first_us: int
    last_us: int
    first_received_us: int
    last_received_us: int
    sorted: bool
    text_bytes: int
    columns: tuple[int, ...]

    def row(self) -> tuple[object, ...]:
        """Return the file as its row of the manifest."""
        numbers = array("H", self.columns).tobytes()
        times = (self.first_us, self.last_us, self.first_received_us, self.last_received_us)
        return (
            self.path,
            self.dataset,
            self.day,
            self.rows,
            self.bytes,
            self.sha256,
            *times,
            self.sorted,
            self.text_bytes,
            numbers,
        )


def _file(row: Sequence[object]) -> EventFile:
    names = _FIELDS.split(", ")
    values = dict(zip(names, row, strict=True))
    numbers = _numbers(values.pop("columns"))  # type: ignore[arg-type]
    return EventFile(**values | {"sorted": bool(values["sorted"]), "columns": tuple(numbers)})  # type: ignore[arg-type]


def _numbers(columns: bytes) -> Collection[int]:
    numbers = array("H")
    numbers.frombytes(columns)
    return numbers


def files_between(
    connection: sqlite3.Connection, since_us: int | None, until_us: int | None, clock: str = ""
) -> list[EventFile]:
    """Return the files that may hold events of [since, until), by their own time or (`received_`) the receipt's."""
    since, until = _FIRST if since_us is None else since_us, _LAST if until_us is None else until_us
    where = f"last_{clock}us >= ? AND first_{clock}us {'<=' if until_us is None else '<'} ?"
    found = connection.execute(
        f"SELECT {_FIELDS} FROM files WHERE {where} ORDER BY dataset, first_us, path",
        (max(since, _FIRST), min(until, _LAST)),
    )
    return [_file(row) for row in found]


def day_files(connection: sqlite3.Connection, dataset: str, day: str) -> list[EventFile]:
    """Return the files of one day of a dataset, in order of their paths."""
    query = f"SELECT {_FIELDS} FROM files WHERE dataset = ? AND day = ? ORDER BY path"
    return [_file(row) for row in connection.execute(query, (dataset, day))]


def days(connection: sqlite3.Connection, received_before_us: int | None = None) -> list[DatasetDay]:
    """Return the days of datasets; with a time, those whose last event was received before it."""
    found = connection.execute(
        "SELECT dataset, day, sum(rows), sum(bytes) FROM files GROUP BY dataset, day "
        "HAVING ?1 IS NULL OR max(last_received_us) < ?1 ORDER BY day, dataset",
        (received_before_us,),
    )
    return [DatasetDay(dataset=dataset, day=day, events=rows, bytes=size) for dataset, day, rows, size in found]


def with_column(connection: sqlite3.Connection, column: int) -> list[str]:
    """Return the datasets with a file that has a column of that number, by name."""
    found = connection.execute("SELECT DISTINCT dataset, columns FROM files")
    return sorted({dataset for dataset, numbers in found if column in _numbers(numbers)})


def commits(connection: sqlite3.Connection) -> Mapping[str, Commit]:
    """Return the last commit of every stream."""
    pending: dict[str, dict[str, bytes]] = {}
    for stream, source, state in connection.execute("SELECT stream, source, state FROM pending"):
        pending.setdefault(stream, {})[source] = state
    return {
        stream: Commit(stream=stream, sequence=sequence, pending=pending.get(stream, {}))
        for stream, sequence in connection.execute("SELECT stream, sequence FROM streams")
    }


def is_new(connection: sqlite3.Connection, commit: Commit) -> bool:
    """Return whether a commit brings something that was not told before (see `Commit`)."""
    known = connection.execute("SELECT sequence FROM streams WHERE stream = ?", (commit.stream,)).fetchone()
    if known is None or commit.sequence != known[0]:
        return known is None or commit.sequence > known[0]
    query = "SELECT source, state FROM pending WHERE stream = ?"
    held = dict(connection.execute(query, (commit.stream,)))
    return any(held.get(source, b"") != state for source, state in commit.pending.items())


def register(connection: sqlite3.Connection, files: Iterable[EventFile], commit: Commit) -> bool:
    """Make files and the commit they come with part of the store; False, and nothing done, when it was told before."""
    if not is_new(connection, commit):
        return False
    connection.execute("INSERT OR REPLACE INTO streams VALUES (?, ?)", (commit.stream, commit.sequence))
    for source, state in commit.pending.items():
        connection.execute("DELETE FROM pending WHERE stream = ? AND source = ?", (commit.stream, source))
        if state:
            connection.execute("INSERT INTO pending VALUES (?, ?, ?)", (commit.stream, source, state))
    _insert(connection, files)
    return True


def replace(connection: sqlite3.Connection, old: Iterable[EventFile], new: Iterable[EventFile]) -> bool:
    """Let new files take the place of old ones; False, and nothing done, when an old one is gone already.

    The old files stay on disk until no reader can hold them: they are listed as removed in a new generation.
    """
    paths = [file.path for file in old]
    for path in paths:
        if connection.execute("SELECT 1 FROM files WHERE path = ?", (path,)).fetchone() is None:
            return False
    connection.execute("UPDATE state SET generation = generation + 1")
    for path in paths:
        connection.execute("DELETE FROM files WHERE path = ?", (path,))
        connection.execute("INSERT INTO removed SELECT ?, generation FROM state", (path,))
    _insert(connection, new)
    return True


def _insert(connection: sqlite3.Connection, files: Iterable[EventFile]) -> None:
    marks = ", ".join("?" * len(_FIELDS.split(", ")))
    connection.executemany(f"INSERT INTO files VALUES ({marks})", [file.row() for file in files])
