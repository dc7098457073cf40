"""Events the server refused for what they are: kept as JSON lines beside the logs, counted, told again on demand."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sec_ops.runtime.files import make_folder, storage_error, sync_folder, write_atomically
from sec_ops.runtime.locks import waited
from sec_ops.siem.elastic.names import document_id
from sec_ops.siem.events import Row
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Commit

__all__ = ["DeadLetters", "Letter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An event that was refused, how it was told, and what the server said."""

    row: Row
    writer: str
    told: int
    reason: str
    at: str

    @property
    def commit(self) -> Commit:
        """Return the commit the event was told with."""
        return Commit(stream=self.writer, sequence=self.told)


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The letters of one site, `dead-letters.jsonl` in the folder of its logs; any number of processes may add."""

    folder: Path

    @property
    def path(self) -> Path:
        """Return the file."""
        return self.folder / "dead-letters.jsonl"

    def add(self, letters: Sequence[Letter]) -> None:
        """Keep letters, on disk on return; raises StorageError."""
        if not letters:
            return
        with self._locked():
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "r+b") as stream:
                    _after_last_line(stream.fileno())
                    stream.seek(0, os.SEEK_END)
                    stream.writelines(_line(each) for each in letters)
                    stream.flush()
                    os.fsync(stream.fileno())
                sync_folder(self.folder)
            except OSError as error:
                raise storage_error(self.path, error) from error

    def read(self) -> Sequence[Letter]:
        """Return the letters, one for each event, oldest first."""
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise storage_error(self.path, error) from error
        letters = [_letter(orjson.loads(line)) for line in lines]
        return list({document_id(each.row): each for each in letters}.values())

    @contextmanager
    def taken(self) -> Iterator[list[Letter]]:
        """Hand out all letters; those that the list still holds at the end are kept, the others are gone.

        What is handed out stays on disk until then, so that a crash in between keeps all of them. Others who want to
        add wait.
        """
        with self._locked():
            letters = list(self.read())
            yield letters
            if letters:
                write_atomically(self.path, b"".join(_line(each) for each in letters))
            else:
                self.path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with waited(make_folder(self.folder) / "dead-letters.lock"):
            yield


def _after_last_line(descriptor: int) -> None:
    """Cut off what a crash left of a line: it was never acknowledged."""
    size = os.fstat(descriptor).st_size
    block = min(size, 1 << 16)
    while size:
        tail = os.pread(descriptor, block, size - block)
        if b"\n" in tail or block == size:
            os.ftruncate(descriptor, size - block + tail.rfind(b"\n") + 1)
            return
        block = min(size, block * 2)


def _line(letter: Letter) -> bytes:
    place = letter.row.place
    body = {
        "at": letter.at,
        "reason": letter.reason,
        "writer": letter.writer,
        "told": letter.told,
        "place": [place.stream, place.sequence, letter.row.index, letter.row.part],
        "event": letter.row.event,
    }
    return orjson.dumps(body) + b"\n"


def _letter(body: dict[str, Any]) -> Letter:
    stream, sequence, index, part = body["place"]
    row = Row(body["event"], Place(stream, sequence), index, part)
    return Letter(row=row, writer=body["writer"], told=body["told"], reason=body["reason"], at=body["at"])
