"""Event files that were taken out of the store because they are damaged, and how far their events are made again.

They are listed until that is done: whoever is killed meanwhile, the next knows what is lacking. What is made again is
told under a stream of its own, whose commits count it by day and dataset in the transaction that stores it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sqlite3 import Connection

from sec_ops.siem.embedded.files import commits
from sec_ops.siem.embedded.health import DamagedFile, FileFault
from sec_ops.siem.storing import Commit

__all__ = [
    "REBUILD",
    "Lacking",
    "begin_all",
    "forget",
    "lacking",
    "rebuilds_all",
    "remade",
    "remade_commit",
    "take_out",
]

REBUILD = "rebuild"
"""The stream in whose name events are stored again; no stream of the raw log has a name without digits."""
_ALL = "*"
"""In place of a path: the manifest itself was lost, so everything is made again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A file that was taken out: where it lay, what it held, and when (microseconds, UTC) that had been received."""

    path: str
    dataset: str
    day: str
    rows: int
    sha256: str
    fault: FileFault
    first_received_us: int
    last_received_us: int

    @classmethod
    def of(cls, found: DamagedFile) -> "Lacking":
        """Return what taking out a damaged file leaves lacking."""
        file = found.file
        return cls(
            path=file.path,
            dataset=file.dataset,
            day=file.day,
            rows=file.rows,
            sha256=file.sha256,
            fault=found.fault,
            first_received_us=file.first_received_us,
            last_received_us=file.last_received_us,
        )


def take_out(connection: Connection, found: Iterable[DamagedFile]) -> None:
    """Take files out of the store in this transaction; those that it has no longer are left out."""
    for each in found:
        file = each.file
        gone = connection.execute("DELETE FROM files WHERE path = ? AND sha256 = ?", (file.path, file.sha256))
        if gone.rowcount:
            _insert(connection, Lacking.of(each))


def begin_all(connection: Connection) -> None:
    """Note that everything is made again."""
    whole = Lacking(
        path=_ALL,
        dataset="",
        day="",
        rows=0,
        sha256="",
        fault=FileFault.GONE,
        first_received_us=0,
        last_received_us=0,
    )
    _insert(connection, whole)


def rebuilds_all(connection: Connection) -> bool:
    """Return whether everything is being made again."""
    return connection.execute("SELECT 1 FROM damaged WHERE path = ?", (_ALL,)).fetchone() is not None


def lacking(connection: Connection) -> list[Lacking]:
    """Return the files that were taken out and whose events are not made again yet, by path."""
    names = "path, dataset, day, rows, sha256, fault, first_received_us, last_received_us"
    found = connection.execute(f"SELECT {names} FROM damaged WHERE path != ? ORDER BY path", (_ALL,))
    files = (dict(zip(names.split(", "), row, strict=True)) for row in found)
    return [Lacking(**file | {"fault": FileFault(file["fault"])}) for file in files]


def remade(connection: Connection) -> dict[tuple[str, str], int]:
    """Return how many events were made again until now, by day and dataset."""
    commit = commits(connection).get(REBUILD)
    pairs = ((name.split(" ", 1), count) for name, count in commit.pending.items()) if commit else ()
    return {(day, dataset): int(count) for (day, dataset), count in pairs}


def remade_commit(counts: Mapping[tuple[str, str], int]) -> Commit:
    """Return the commit that counts these events as made again."""
    pending = {f"{day} {dataset}": str(count).encode() for (day, dataset), count in counts.items()}
    return Commit(stream=REBUILD, sequence=sum(counts.values()), pending=pending)


def forget(connection: Connection) -> None:
    """Note that nothing is being made again any more."""
    connection.execute("DELETE FROM damaged")
    connection.execute("DELETE FROM streams WHERE stream = ?", (REBUILD,))
    connection.execute("DELETE FROM pending WHERE stream = ?", (REBUILD,))


def forget_some(connection: Connection, received_before_us: int) -> list[Lacking]:
    """Note that nobody wants what was received before then any more, and return it."""
    old = [each for each in lacking(connection) if each.last_received_us < received_before_us]
    connection.executemany("DELETE FROM damaged WHERE path = ?", [(each.path,) for each in old])
    if old and not lacking(connection) and not rebuilds_all(connection):
        forget(connection)
    return old


def _insert(connection: Connection, each: Lacking) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO damaged VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            each.path,
            each.dataset,
            each.day,
            each.rows,
            each.sha256,
            each.fault.value,
            each.first_received_us,
            each.last_received_us,
        ),
    )
