"""What is to be restored, and where to."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sec_ops.backup.proving.reading import Row

__all__ = ["Place", "Wanted", "chosen_rows", "include_pattern"]


class Place(StrEnum):
    """Where restored files go: below a new folder, or where they were."""

    NEW = "new"
    IN_PLACE = "in place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asked for: all of a run unless sources or paths (absolute, as they were) are named.

    Files of a source go below `folder`/source; `loads` name the new database, or folder, of each source to load, and
    `typed` those databases that may be there already.
    """

    folder: Path
    place: Place = Place.NEW
    sources: Sequence[str] = ()
    paths: Sequence[str] = ()
    loads: Mapping[str, str] = field(default_factory=dict)
    typed: Sequence[str] = ()

    def root(self, source: str) -> Path:
        """Return the folder that stands for `/` of a source's files."""
        return Path("/") if self.place is Place.IN_PLACE else self.folder / source

    def takes(self, source: str) -> bool:
        """Return whether a source is wanted."""
        return not self.sources or source in self.sources


def chosen_rows(rows: Iterable[Row], paths: Sequence[str]) -> Iterator[Row]:
    """Return the entries at and below the paths; without paths, all."""
    chosen = [os.fsencode(os.path.normpath(path)) for path in paths]
    for row in rows:
        if not chosen or any(row.path == path or row.path.startswith(path.rstrip(b"/") + b"/") for path in chosen):
            yield row


def include_pattern(path: str) -> str:
    """Return restic's pattern for exactly this path and what is below it."""
    return "".join(f"\\{each}" if each in r"\*?[" else each for each in os.path.normpath(path))
