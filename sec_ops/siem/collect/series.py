"""What is remembered of one series of files: how far each was read, and by what it is known again.

The state lies in the raw log as the position of the series' last batch, so that it is never ahead of the records.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

__all__ = ["TAIL_BYTES", "Gap", "GapKind", "Known", "Print", "Series", "gaps_of", "print_of"]

TAIL_BYTES = 64
"""Bytes before the place where reading goes on that are compared with what was there."""
_GAPS = 20
_SETTLED = 16


class GapKind(StrEnum):
    """Why records may be missing."""

    GONE = "gone"  # a file we had not read to its end is no longer there: rotated away, deleted
    TRUNCATED = "truncated"  # it was emptied, and what stood after our place was nowhere else
    SHRUNK = "shrunk"  # its beginning is the same, its end was cut off
    REWRITTEN = "rewritten"  # what we had read is no longer what stands there
    CURSOR_LOST = "cursor_lost"  # the journal no longer has the entry we had come to
    DAMAGED = "damaged"  # a compressed file can't be read to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A gap in a series: found at, and the last moment everything was there (milliseconds, UTC; 0 when unknown)."""

    kind: GapKind
    at_ms: int
    since_ms: int = 0
    path: str = ""

    def document(self) -> dict[str, Any]:
        """Return the gap as it is kept."""
        return {"kind": self.kind.value, "at_ms": self.at_ms, "since_ms": self.since_ms, "path": self.path}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Gap":
        """Return a gap as it was kept."""
        return cls(
            kind=GapKind(document["kind"]),
            at_ms=document["at_ms"],
            since_ms=document["since_ms"],
            path=document["path"],
        )


@dataclass(frozen=True, slots=True)
class Print:
    """So many bytes and their digest."""

    size: int = 0
    digest: str = ""

    def fits(self, data: bytes) -> bool:
        """Return whether `data` begins with these bytes."""
        return len(data) >= self.size and print_of(data[: self.size]) == self


def print_of(data: bytes) -> Print:
    """Return the print of some bytes."""
    return Print(len(data), hashlib.sha256(data).hexdigest()[:32]) if data else Print()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A file we have read: `device:inode`, the offset (bytes of what it says) at which reading goes on, its prints.

    `key` names the state (device, inode, size, time of any change) in which there was no more to read. `live`: it bore
    the series' own name when we last looked, so that more was to come.
    """

    file: str
    offset: int
    head: Print
    tail: Print
    changed: int = 0
    live: bool = False
    key: str = ""

    def document(self) -> list[Any]:
        """Return the file as it is kept."""
        head, tail = self.head, self.tail
        parts = [self.file, self.offset, head.size, head.digest, tail.size, tail.digest, self.changed]
        return [*parts, int(self.live), self.key]

    @classmethod
    def read(cls, document: Sequence[Any]) -> "Known":
        """Return a file as it was kept."""
        file, offset, head, head_digest, tail, tail_digest, changed, live, key = document
        prints = (Print(head, head_digest), Print(tail, tail_digest))
        return cls(file=file, offset=offset, head=prints[0], tail=prints[1], changed=changed, live=bool(live), key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The files of one series, oldest first, and its gaps, the last ones by name and all by number.

    Files that were last changed at `floor` (epoch seconds) or before and aren't known were read long ago.
    """

    files: tuple[Known, ...] = ()
    floor: int = -1
    gaps: tuple[Gap, ...] = ()
    gap_count: int = 0
    pulled_ms: int = 0

    def with_gaps(self, found: Sequence[Gap]) -> "Series":
        """Return the series with more gaps."""
        return replace(self, gaps=(*self.gaps, *found)[-_GAPS:], gap_count=self.gap_count + len(found))

    def with_file(self, before: Known | None, after: Known) -> "Series":
        """Return the series with a file in place of what was known of it, or added as the newest."""
        if before not in self.files:
            return replace(self, files=(*self.files, after))
        return replace(self, files=tuple(after if each == before else each for each in self.files))

    def settled(self) -> "Series":
        """Return the series without its oldest files when all there are were read to their ends."""
        surplus = self.files[:-_SETTLED]
        if not surplus or any(each.live or not each.key for each in surplus):
            return self
        floor = max(self.floor, *(each.changed for each in surplus))
        return replace(self, files=self.files[-_SETTLED:], floor=floor)

    def document(self) -> dict[str, Any]:
        """Return the series as a position."""
        return {
            "files": [each.document() for each in self.files],
            "floor": self.floor,
            "gaps": [each.document() for each in self.gaps],
            "gap_count": self.gap_count,
            "pulled_ms": self.pulled_ms,
        }

    @classmethod
    def read(cls, position: Mapping[str, Any] | None) -> "Series":
        """Return the series of a position; without one nothing was read yet."""
        if position is None:
            return cls()
        return cls(
            files=tuple(Known.read(each) for each in position["files"]),
            floor=position["floor"],
            gaps=gaps_of(position),
            gap_count=position["gap_count"],
            pulled_ms=position["pulled_ms"],
        )


def gaps_of(position: Mapping[str, Any]) -> tuple[Gap, ...]:
    """Return the gaps that a position of a pulled source names."""
    return tuple(Gap.read(each) for each in position.get("gaps", ()))
