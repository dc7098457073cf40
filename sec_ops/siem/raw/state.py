"""What is known of the raw log without reading it: `state.db`, SQLite in WAL mode.

Everything here can be derived from the segments again and is never ahead of them: it is written after a batch is on
disk. A stream whose row is not `clean` was being written when it was last heard of; `recovery` reads what is missing.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sec_ops.model.errors import StorageError
from sec_ops.model.messages import message
from sec_ops.runtime.files import PRIVATE_FILE, make_folder
from sec_ops.runtime.wal import use_wal
from sec_ops.siem.raw.batches import FIRST_PREVIOUS, Stored

__all__ = ["SegmentFacts", "State", "StreamState", "id_keys"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
  name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, head BLOB NOT NULL, clean INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS positions (
  source BLOB PRIMARY KEY, place INTEGER NOT NULL, position TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS positions_place ON positions (place);
CREATE TABLE IF NOT EXISTS sender_ids (key BLOB PRIMARY KEY, received_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (
  stream TEXT NOT NULL, segment INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  previous TEXT NOT NULL, head TEXT NOT NULL, records INTEGER NOT NULL, bytes INTEGER NOT NULL,
  received_first_ms INTEGER NOT NULL, received_last_ms INTEGER NOT NULL, size INTEGER NOT NULL,
  whole INTEGER NOT NULL, PRIMARY KEY (stream, segment)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sealed (
  stream TEXT NOT NULL, segment INTEGER NOT NULL, last INTEGER NOT NULL, closed INTEGER NOT NULL,
  PRIMARY KEY (stream, segment)) WITHOUT ROWID;
"""
_KEEP_POSITION = """
INSERT INTO positions VALUES (?, ?, ?) ON CONFLICT (source)
DO UPDATE SET place = excluded.place, position = excluded.position WHERE excluded.place >= place
"""
_BUSY_SECONDS = 60
_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far a stream is known, and whether its writer ended well."""

    sequence: int = 0
    head: bytes = FIRST_PREVIOUS
    clean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """What lies in a segment: batches `first` to `last`, records, their bytes, when they came, the file's size.

    `previous` and `head` are the chain before and after it, hexadecimal. A segment that is not `whole` ends in bytes
    that make no batch and were never acknowledged.
    """

    stream: str
    segment: int
    first: int
    last: int
    previous: str
    head: str
    records: int = 0
    bytes: int = 0
    received_first_ms: int = 0
    received_last_ms: int = 0
    size: int = 0
    whole: bool = True

    def with_batch(self, stored: Stored) -> "SegmentFacts":
        """Return the facts after one more batch."""
        batch = stored.batch
        return SegmentFacts(
            stream=self.stream,
            segment=self.segment,
            first=self.first,
            last=stored.sequence,
            previous=self.previous,
            head=stored.digest.hex(),
            records=self.records + len(batch.records),
            bytes=self.bytes + sum(map(len, batch.records)),
            received_first_ms=min(self.received_first_ms or batch.received_ms, batch.received_ms),
            received_last_ms=max(self.received_last_ms, batch.received_ms),
        )


def id_keys(stored_ids: Sequence[str | None], unit: str, dataset: str) -> list[bytes | None]:
    """Return what the senders' ids are remembered by; None where a record has none."""
    space = json.dumps([unit, dataset]).encode()
    return [
        None if each is None else blake2b(space + each.encode(errors="surrogatepass"), digest_size=16).digest()
        for each in stored_ids
    ]


class State:
    """The database; safe to share between threads. Every method may raise StorageError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        make_folder(path.parent)
        # Only a new file: to close one that this process has open takes SQLite's locks away.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE))
        with self._told():
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None
            )
            use_wal(self._connection)
            # A power loss may take the last transactions, never their order: recovery reads them again.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        with self._told():
            self._connection.close()

    def stream(self, name: str) -> StreamState:
        """Return how far a stream is known."""
        rows = self._rows("SELECT sequence, head, clean FROM streams WHERE name = ?", name)
        return StreamState(rows[0][0], rows[0][1], bool(rows[0][2])) if rows else StreamState()

    def unclean(self, names: Iterable[str]) -> list[str]:
        """Return those of the streams that are not known to their end."""
        clean = {row[0] for row in self._rows("SELECT name FROM streams WHERE clean = 1")}
        return [name for name in names if name not in clean]

    def mark(self, name: str, *, clean: bool) -> None:
        """Note whether a stream is being written."""
        known = self.stream(name)
        self._write(
            ("INSERT OR REPLACE INTO streams VALUES (?, ?, ?, ?)", [(name, known.sequence, known.head, clean)]),
        )

    def keep(self, stream: str, stored: Sequence[Stored]) -> None:
        """Note batches that are on disk: the stream's end, positions, ids."""
        last = stored[-1]
        positions = [
            (_name(each.batch.origin.source), each.order, json.dumps(dict(each.batch.position)))
            for each in stored
            if each.batch.position is not None
        ]
        ids = [(key, each.batch.received_ms) for each in stored for key in _keys_of(each) if key]
        self._write(
            ("UPDATE streams SET sequence = ?, head = ? WHERE name = ?", [(last.sequence, last.digest, stream)]),
            (_KEEP_POSITION, positions),
            ("INSERT OR IGNORE INTO sender_ids VALUES (?, ?)", ids),
        )

    def known_ids(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of the ids that were taken before."""
        known: set[bytes] = set()
        for start in range(0, len(keys), _IDS_AT_ONCE):
            part = keys[start : start + _IDS_AT_ONCE]
            marks = ",".join("?" * len(part))
            known |= {row[0] for row in self._rows(f"SELECT key FROM sender_ids WHERE key IN ({marks})", *part)}  # noqa: S608 - question marks
        return known

    def forget_ids(self, before_ms: int) -> None:
        """Forget the ids of records received before then."""
        self._write(("DELETE FROM sender_ids WHERE received_ms < ?", [(before_ms,)]))

    def position(self, source: str) -> Mapping[str, Any] | None:
        """Return the last position of a source, None when it has none."""
        rows = self._rows("SELECT position FROM positions WHERE source = ?", _name(source))
        return json.loads(rows[0][0]) if rows else None

    def positions(self, beginning: str) -> dict[str, Mapping[str, Any]]:
        """Return the last position of every source whose name begins so."""
        key = _name(beginning)
        rows = self._rows("SELECT source, position FROM positions WHERE substr(source, 1, ?) = ?", len(key), key)
        return {source.decode(errors="surrogatepass"): json.loads(position) for source, position in rows}

    def greatest_order(self) -> int:
        """Return the greatest order of a position."""
        return self._rows("SELECT max(place) FROM positions")[0][0] or 0

    def keep_segment(self, facts: SegmentFacts) -> None:
        """Note what lies in a segment."""
        marks = ",".join("?" * len(fields(SegmentFacts)))
        self._write((f"INSERT OR REPLACE INTO segments VALUES ({marks})", [astuple(facts)]))  # noqa: S608 - question marks

    def segment(self, stream: str, number: int) -> SegmentFacts | None:
        """Return what is known of a segment."""
        rows = self._rows("SELECT * FROM segments WHERE stream = ? AND segment = ?", stream, number)
        names = [each.name for each in fields(SegmentFacts)]
        return SegmentFacts(**{**dict(zip(names, rows[0], strict=True)), "whole": bool(rows[0][11])}) if rows else None

    def forget_segment(self, stream: str, number: int) -> None:
        """Forget a segment that was deleted."""
        self._write(("DELETE FROM segments WHERE stream = ? AND segment = ?", [(stream, number)]))

    def sealed(self, stream: str, number: int) -> tuple[int, bool] | None:
        """Return up to which batch a segment is sealed and whether its file is, None when nothing is."""
        rows = self._rows("SELECT last, closed FROM sealed WHERE stream = ? AND segment = ?", stream, number)
        return (rows[0][0], bool(rows[0][1])) if rows else None

    def keep_sealed(self, sealed: Sequence[tuple[str, int, int, bool]]) -> None:
        """Note what was sealed: stream, segment, last batch, whether the file's digest was."""
        self._write(("INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)", sealed))

    def has_sealed(self) -> bool:
        """Return whether anything is known to be sealed."""
        return bool(self._rows("SELECT 1 FROM sealed LIMIT 1"))

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock, self._told():
            return self._connection.execute(statement, values).fetchall()

    def _write(self, *statements: tuple[str, Sequence[tuple[Any, ...]]]) -> None:
        with self._lock, self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, rows in statements:
                    if rows:
                        self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            what = message("could not use {path}: {reason}", path=self._path, reason=error)
            advice = message("free space or mend permissions; a damaged state.db may be deleted, it is made again")
            raise StorageError(what, where=str(self._path), advice=advice) from error


def _name(source: str) -> bytes:
    return source.encode(errors="surrogatepass")


def _keys_of(stored: Stored) -> list[bytes | None]:
    batch = stored.batch
    return id_keys(batch.ids, batch.origin.unit, batch.origin.dataset) if batch.ids else []
