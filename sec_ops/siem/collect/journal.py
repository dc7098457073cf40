"""A journal's entries, and whether they follow the one we had come to."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sec_ops.siem.collect.series import Gap, gaps_of

__all__ = ["Entries", "JournalState", "read_entries", "selection_of"]

_GAPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState:
    """Where reading goes on: the cursor of the last entry, what was selected then, and the gaps so far."""

    cursor: str = ""
    selection: str = ""
    gaps: tuple[Gap, ...] = ()
    gap_count: int = 0
    pulled_ms: int = 0

    def with_gap(self, gap: Gap) -> "JournalState":
        """Return the state with one gap more."""
        return replace(self, gaps=(*self.gaps, gap)[-_GAPS:], gap_count=self.gap_count + 1)

    def document(self) -> dict[str, Any]:
        """Return the state as a position."""
        return {
            "cursor": self.cursor,
            "selection": self.selection,
            "gaps": [each.document() for each in self.gaps],
            "gap_count": self.gap_count,
            "pulled_ms": self.pulled_ms,
        }

    @classmethod
    def read(cls, position: Mapping[str, Any] | None) -> "JournalState":
        """Return the state of a position; without one nothing was read yet."""
        if position is None:
            return cls()
        names = ("cursor", "selection", "gap_count", "pulled_ms")
        return cls(**{name: position[name] for name in names}, gaps=gaps_of(position))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """New entries, the cursor of the last one, and whether the one we had come to is no longer there."""

    records: tuple[bytes, ...]
    cursor: str
    lost: bool


def read_entries(data: bytes, state: JournalState, selection: str) -> Entries:
    """Return the entries of `journalctl -o json --cursor=…`, which begins with the entry at the cursor itself.

    A journal whose entry was removed begins with the next one that is left: that is how a gap shows. With another
    selection than before the entry may be there and not shown, so that nothing can be told. A last line that was cut
    is left for later.
    """
    lines = [line for line in data[: data.rfind(b"\n") + 1].split(b"\n") if line]
    same = bool(lines) and bool(state.cursor) and _cursor(lines[0]) == state.cursor
    fresh = lines[1:] if same else lines
    cursor = next((found for line in reversed(fresh) if (found := _cursor(line))), state.cursor)
    lost = bool(lines and state.cursor and not same and state.selection == selection)
    return Entries(records=tuple(fresh) if cursor != state.cursor else (), cursor=cursor, lost=lost)


def selection_of(folder: str, units: Sequence[str]) -> str:
    """Return what stands for a folder and units."""
    return hashlib.sha256(json.dumps([folder, *sorted(units)]).encode()).hexdigest()[:16]


def _cursor(line: bytes) -> str:
    try:
        cursor = json.loads(line)["__CURSOR"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return cursor if isinstance(cursor, str) else ""
