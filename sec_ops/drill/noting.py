"""What people type in during a drill: lines appended to `notes.jsonl` of its run, each whole or not there."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sec_ops.model.canonical import canonical_json
from sec_ops.model.drill_record import Note
from sec_ops.runtime.files import PRIVATE_FILE, storage_error
from sec_ops.runtime.locks import waited

__all__ = ["NOTES", "RECORD", "append_note", "closed_notes", "notes_of"]

NOTES = "notes.jsonl"
RECORD = "drill.json"
"""The record of a drill; once it is there, the drill has ended and its notes are closed."""


def append_note(folder: Path, note: Note) -> bool:
    """Append a note to a run's folder, on disk when this returns; say whether it still could be. Raises StorageError.

    Several people may type at once: one after the other writes. A line that a power loss cut short is closed first.
    """
    path = folder / NOTES
    try:
        with waited(path):
            if (folder / RECORD).exists():
                return False
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            with os.fdopen(descriptor, "r+b") as stream:
                size = stream.seek(0, os.SEEK_END)
                torn = size and os.pread(descriptor, 1, size - 1) != b"\n"
                stream.write((b"\n" if torn else b"") + canonical_json(note.model_dump(mode="json")) + b"\n")
                stream.flush()
                os.fsync(descriptor)
    except OSError as error:
        raise storage_error(path, error) from error
    return True


@contextmanager
def closed_notes(folder: Path) -> Iterator[tuple[Note, ...]]:
    """Give the notes of a run while nobody can add one: whoever writes the record meanwhile loses none."""
    with waited(folder / NOTES):
        yield notes_of(folder)


def notes_of(folder: Path) -> tuple[Note, ...]:
    """Return the notes of a run in the order they were typed; lines that are no notes are passed over.

    Raises StorageError when the file can't be read.
    """
    try:
        data = (folder / NOTES).read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise storage_error(folder / NOTES, error) from error
    return tuple(found for line in data.split(b"\n") if (found := _note(line)))


def _note(line: bytes) -> Note | None:
    try:
        document: Mapping[str, Any] = json.loads(line)
        return Note.model_validate(document)
    except (ValueError, ValidationError):
        return None
