"""Comparing what is there with what a manifest says: all of it, in bounded memory, whatever order it comes in."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from threading import Lock
from typing import Literal

from sec_ops.backup.proving.manifest import SHOWN_PATHS
from sec_ops.backup.proving.reading import Row, as_shown
from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import make_folder

__all__ = ["Differences", "Kind", "Ledger", "Owners", "There", "open_ledger"]

Kind = Literal["missing", "extra", "different", "rights", "unproved"]
Owners = Literal["compared", "left out"]

_TABLES = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
CREATE TABLE expected (path BLOB NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE found (path BLOB NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE unproved (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE there (path BLOB PRIMARY KEY, type TEXT NOT NULL, sha256 TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rights_expected (path BLOB NOT NULL, type TEXT NOT NULL, mode INTEGER, user INTEGER, team INTEGER);
CREATE TABLE rights_found (path BLOB NOT NULL, type TEXT NOT NULL, mode INTEGER, user INTEGER, team INTEGER);
BEGIN
"""
_NET = """
SELECT path, type, sum(n) FROM (
    SELECT path, type, size, sha256, 1 AS n FROM expected UNION ALL SELECT path, type, size, sha256, -1 FROM found
) GROUP BY path, type, size, sha256 HAVING sum(n) != 0 ORDER BY path
"""
_AS_SHOWN = """
UPDATE found SET path = shown(path) WHERE type = 'file' AND path NOT IN (SELECT path FROM expected)
AND EXISTS (SELECT 1 FROM unproved WHERE instr(path, x'EFBFBD')) AND shown(path) IN (SELECT path FROM unproved)
"""
"""Of a file that was never read only what restic showed of its name is known."""

_RIGHTS = """
SELECT DISTINCT expected.path FROM rights_expected AS expected JOIN rights_found AS found USING (path)
WHERE expected.type = found.type AND NOT instr(path, x'EFBFBD') AND (
    (:owners AND (expected.user != found.user OR expected.team != found.team))
    OR (expected.type != 'symlink' AND (expected.mode & :bits) != (found.mode & :bits))
) ORDER BY expected.path
"""
"""Of names that nobody can show none can tell whose rights are whose. A link's own rights mean nothing."""

_LEADING_ANYWHERE = """
UPDATE found SET sha256 = '' WHERE type = 'symlink'
AND path IN (SELECT path FROM expected WHERE type = 'symlink' AND sha256 = '')
"""
_LENIENT = (
    _AS_SHOWN,
    _LEADING_ANYWHERE,
    "UPDATE found SET size = 0, sha256 = '' WHERE type = 'file' AND path IN (SELECT path FROM unproved)",
)
_FILE, _FOLDER = "file", "dir"
_AT_ONCE = 500


@dataclass(slots=True)
class Differences:
    """What differs, each with its first paths as restic shows them; `unproved` are there, and none can tell if right.

    `rights` are as they should be but for permissions or owner.

    `files` and `bytes` are what is expected, `proved` the entries that are as they should be.
    """

    files: int = 0
    bytes: int = 0
    proved: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    rights: int = 0
    unproved: int = 0
    paths: dict[Kind, list[str]] = field(default_factory=dict)

    @property
    def none(self) -> bool:
        """Return whether all content that can be told is as it should be."""
        return not (self.missing or self.extra or self.different)

    def add(self, kind: Kind, path: str) -> None:
        """Count a path."""
        setattr(self, kind, getattr(self, kind) + 1)
        shown = self.paths.setdefault(kind, [])
        if len(shown) < SHOWN_PATHS:
            shown.append(path)


@dataclass(frozen=True, slots=True)
class There:
    """An entry on disk: `sha256` is of where a link leads, empty for all else; `mode` as chmod(2) has it."""

    path: bytes
    type: str
    sha256: str
    mode: int
    user: int
    group: int


class Ledger:
    """What a manifest expects on one side, what was found on the other. Paths are bytes.

    One thread may enter what is expected while another enters what is found.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = Lock()

    def expect_listed(self, rows: Iterable[Row]) -> None:
        """Expect entries of a snapshot, which shows names, sizes and rights and no content."""
        rest = iter(rows)
        while some := [(each.shown.encode(), each) for each in islice(rest, _AT_ONCE)]:
            values = [(path, each.type, each.size if each.type == _FILE else 0, "") for path, each in some]
            self._connection.executemany("INSERT INTO expected VALUES (?, ?, ?, ?)", values)
            self._expect_rights(some)

    def expect_restored(self, rows: Iterable[Row]) -> None:
        """Expect entries on disk with their content; of those without proof only that they are there."""
        rest = iter(rows)
        while some := list(islice(rest, _AT_ONCE)):
            values = [(each.path, each.type, each.size if each.sha256 else 0, each.sha256) for each in some]
            unproved = [(each.path,) for each in some if each.proof]
            with self._turn:
                self._connection.executemany("INSERT OR IGNORE INTO unproved VALUES (?)", unproved)
                self._connection.executemany("INSERT INTO expected VALUES (?, ?, ?, ?)", values)
                self._expect_rights((each.path, each) for each in some)

    def find(self, entries: Iterable[tuple[bytes, str, int, str]]) -> None:
        """Take what is there: path, type, size in bytes and digest (both empty where there is nothing to compare)."""
        with self._turn:
            self._connection.executemany("INSERT INTO found VALUES (?, ?, ?, ?)", entries)

    def find_rights(self, entries: Iterable[tuple[bytes, str, int, int, int]]) -> None:
        """Take whose what is there is: path, type, mode, numbers of user and group."""
        self._connection.executemany("INSERT INTO rights_found VALUES (?, ?, ?, ?, ?)", entries)

    def there(self, entries: Iterable[There]) -> None:
        """Take which paths are there in the end; what else was found is not any more."""

        def values() -> Iterator[tuple[bytes, str, str]]:
            for each in entries:
                rights = (each.path, each.type, each.mode, each.user, each.group)
                self._connection.execute("INSERT INTO rights_found VALUES (?, ?, ?, ?, ?)", rights)
                yield each.path, each.type, each.sha256

        self._connection.executemany("INSERT OR REPLACE INTO there VALUES (?, ?, ?)", values())
        self._connection.execute("CREATE INDEX found_path ON found (path)")
        self._connection.execute("DELETE FROM found WHERE rowid NOT IN (SELECT max(rowid) FROM found GROUP BY path)")
        self._connection.execute("DELETE FROM found WHERE path NOT IN (SELECT path FROM there WHERE type = 'file')")
        self._connection.execute("INSERT INTO found SELECT path, type, 0, sha256 FROM there WHERE type != 'file'")

    def not_hashed(self) -> Iterator[bytes]:
        """Return the files that are there and have no digest yet."""
        query = "SELECT path FROM there WHERE type = 'file' AND path NOT IN (SELECT path FROM found)"
        return (bytes(path) for (path,) in self._connection.execute(query).fetchall())

    def expected_paths(self) -> Iterator[bytes]:
        """Return what is expected."""
        return (bytes(path) for (path,) in self._connection.execute("SELECT path FROM expected").fetchall())

    def differences(
        self, *, beside: Literal["counted", "left out"] = "counted", owners: Owners = "compared"
    ) -> Differences:
        """Return what differs; folders that are only found are no difference where others have a right to be.

        Where `owners` are left out, as only root gives files away, so are the bits that go with them.
        """
        counted = self._counted()
        for statement in _LENIENT:
            self._connection.execute(statement)
        for path, nets in groupby(self._connection.execute(_NET), key=lambda row: bytes(row[0])):
            kinds = {(kind, net > 0) for _path, kind, net in nets}
            lacking, more = any(net for _kind, net in kinds), any(not net for _kind, net in kinds)
            if lacking:
                counted.add("different" if more else "missing", as_shown(path))
            elif not (beside == "left out" and kinds == {(_FOLDER, False)}):
                counted.add("extra", as_shown(path))
        wanted = {"owners": owners == "compared", "bits": 0o7777 if owners == "compared" else 0o777}
        for (path,) in self._connection.execute(_RIGHTS, wanted):
            counted.add("rights", as_shown(path))
        for (path,) in self._connection.execute("SELECT path FROM unproved"):
            counted.add("unproved", as_shown(path))
        counted.proved = max(counted.proved - counted.missing - counted.different - counted.unproved, 0)
        return counted

    def _expect_rights(self, rows: Iterable[tuple[bytes, Row]]) -> None:
        rights = ((path, each.type, each.mode, each.user, each.group) for path, each in rows if each.mode >= 0)
        self._connection.executemany("INSERT INTO rights_expected VALUES (?, ?, ?, ?, ?)", rights)

    def _counted(self) -> Differences:
        query = "SELECT count(*), coalesce(sum(type = 'file'), 0), coalesce(sum(size), 0) FROM expected"
        entries, files, size = self._connection.execute(query).fetchone()
        return Differences(files=int(files), bytes=int(size), proved=int(entries))


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """Open a ledger in a file that is gone after the context; raises StorageError."""
    path = make_folder(folder) / f".ledger-{os.getpid()}-{os.urandom(4).hex()}.db"
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.create_function("shown", 1, lambda path: as_shown(path).encode(), deterministic=True)
        connection.executescript(_TABLES)
        yield Ledger(connection)
    except sqlite3.Error as error:
        what = message("could not write {path}: {reason}", path=path, reason=error)
        advice = message("free space or mend permissions, then run it again")
        raise StorageError(what, where=str(path), advice=advice) from error
    finally:
        connection.close()
        path.unlink(missing_ok=True)
