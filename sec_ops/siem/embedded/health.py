"""Whether event files are still what was written: there, as long as they were, with the digest the manifest keeps."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sec_ops.model.errors import EngineError, StorageError
from sec_ops.model.messages import Message, message
from sec_ops.runtime.files import storage_error
from sec_ops.siem.embedded.files import EventFile
from sec_ops.siem.embedded.parquet import digest_of

__all__ = [
    "DamagedFile",
    "FileFault",
    "damage_error",
    "damage_text",
    "damage_told",
    "damaged",
    "telling_of_damage",
    "wrong_size",
]


class FileFault(StrEnum):
    """What is wrong with an event file."""

    GONE = "gone"
    SIZE = "size"  # longer or shorter than it was written
    CHANGED = "changed"  # as long as it was, with other bytes


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """An event file that is not what was written."""

    file: EventFile
    fault: FileFault


def wrong_size(folder: Path, files: Iterable[EventFile]) -> list[DamagedFile]:
    """Return the files that are gone or have another size, without reading any; raises StorageError."""
    faults = ((file, _size_fault(folder, file)) for file in files)
    return [DamagedFile(file, fault) for file, fault in faults if fault]


def damaged(folder: Path, files: Iterable[EventFile]) -> list[DamagedFile]:
    """Return the files that are not what was written, after reading all of them; raises StorageError."""
    faults = ((file, _size_fault(folder, file) or _digest_fault(folder, file)) for file in files)
    return [DamagedFile(file, fault) for file, fault in faults if fault]


@contextmanager
def telling_of_damage(folder: Path, files: Iterable[EventFile]) -> Iterator[None]:
    """Turn the engine's complaint into one that names the damaged file and how its events are made again.

    An error that no damage explains stays what it is.
    """
    try:
        yield
    except (EngineError, StorageError) as error:
        found = damaged(folder, files)
        if found:
            raise damage_error(folder, found) from error
        raise


def damage_error(folder: Path, found: Sequence[DamagedFile]) -> StorageError:
    """Return what to tell of damaged files."""
    return damage_told(folder / found[0].file.path, damage_text([each.file.path for each in found]))


def damage_told(path: Path, what: Message) -> StorageError:
    """Return an error about a damaged file that says how its events are made again."""
    advice = message("make their events again from the raw records: {command}", command="sec-ops logs rebuild")
    return StorageError(what, where=str(path), advice=advice)


def damage_text(paths: Sequence[str]) -> Message:
    """Return the text about damaged files, which are named by their paths."""
    return message("event files are damaged: {count}, the first is {path}", count=len(paths), path=paths[0])


def _size_fault(folder: Path, file: EventFile) -> FileFault | None:
    path = folder / file.path
    try:
        return None if path.stat().st_size == file.bytes else FileFault.SIZE
    except (FileNotFoundError, NotADirectoryError):
        return FileFault.GONE
    except OSError as error:
        raise storage_error(path, error) from error


def _digest_fault(folder: Path, file: EventFile) -> FileFault | None:
    return None if digest_of(folder / file.path) == file.sha256 else FileFault.CHANGED
