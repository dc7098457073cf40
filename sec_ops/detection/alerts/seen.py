"""Which events a rule has counted, so that none counts twice however often it is judged.

An event of the raw log is known by its place (`stream/sequence/index`), four bytes each in one row a batch. Anything
else is known by a 64-bit digest of where it lay and what it said (not of when it
was read), for a line of a file may be another one tomorrow.
A correlation knows events by group, and of its many events those that its hit names.
"""

import json
import re
import sqlite3
from array import array
from hashlib import blake2b

from sec_ops.detection.alerts.grouping import clean
from sec_ops.detection.events import Occurrence
from sec_ops.detection.hits import Hit
from sec_ops.detection.rule import Correlation

__all__ = ["Seen"]

_PLACE = re.compile(r"(.+)/(\d{1,18})/(\d{1,9})", re.DOTALL)
_CHUNK_BITS = 12
_OF_THE_READING = ("event.ingested", "sec_ops.")
"""Beginnings of fields that say when and how a record was read, not what it says."""
_Chunk = tuple[str, str, int]


class Seen:
    """What was counted, within one transaction; `keep` writes what is new, `now_ms` as when that was."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._members: dict[_Chunk, set[int]] = {}
        self._changed: set[_Chunk] = set()

    def fresh(self, hit: Hit) -> tuple[int, tuple[Occurrence, ...]]:
        """Return how many events of a hit are new and those it names of them; from now on they are counted.

        When some of a correlation's events were counted before, the new ones are those it names: fewer perhaps than
        there were, never one twice.
        """
        rule = clean(hit.rule.header.id)
        if not hit.occurrences:
            return (hit.count if self._add(rule, _digested(hit, None)) else 0), ()
        new = tuple(each for each in hit.occurrences if self._add(rule, _identity(hit, each)))
        return (hit.count if len(new) == len(hit.occurrences) else len(new)), new

    def keep(self) -> None:
        """Write what was added."""
        rows = [(*key, _packed(key, self._members[key]), self._now_ms) for key in self._changed]
        self._connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)", rows)
        self._changed.clear()

    def _add(self, rule: str, identity: tuple[str, int, int]) -> bool:
        source, chunk, member = identity
        key = (rule, source, chunk)
        members = self._members.get(key)
        if members is None:
            members = self._members[key] = self._read(key)
        if member in members:
            return False
        members.add(member)
        self._changed.add(key)
        return True

    def _read(self, key: _Chunk) -> set[int]:
        query = "SELECT members FROM seen WHERE rule = ? AND source = ? AND chunk = ?"
        row = self._connection.execute(query, key).fetchone()
        return set(_unpacked(key, row[0])) if row else set()


def _identity(hit: Hit, occurrence: Occurrence) -> tuple[str, int, int]:
    """Return source, chunk and member: those of the raw record, or of a digest (source empty)."""
    place = None if isinstance(hit.rule, Correlation) else _PLACE.fullmatch(occurrence.record)
    return (clean(place[1]), int(place[2]), int(place[3])) if place else _digested(hit, occurrence)


def _digested(hit: Hit, occurrence: Occurrence | None) -> tuple[str, int, int]:
    parts: list[object] = [hit.group, occurrence and [occurrence.record, occurrence.time_us]]
    if occurrence is not None and not _PLACE.fullmatch(occurrence.record):
        parts.append({name: value for name, value in occurrence.event.items() if not name.startswith(_OF_THE_READING)})
    text = json.dumps(parts, sort_keys=True, default=str).encode()
    digest = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
    return "", digest >> (64 - _CHUNK_BITS), digest


def _packed(key: _Chunk, members: set[int]) -> bytes:
    return array("I" if key[1] else "Q", sorted(members)).tobytes()


def _unpacked(key: _Chunk, packed: bytes) -> "array[int]":
    members = array("I" if key[1] else "Q")
    members.frombytes(packed)
    return members
