"""Reading a stream, also while another process writes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sec_ops.model.errors import EvidenceBroken
from sec_ops.model.messages import message
from sec_ops.runtime.files import storage_error
from sec_ops.siem.raw.batches import Stored, TornBatch
from sec_ops.siem.raw.layout import segment_numbers, segment_path
from sec_ops.siem.raw.recovery import segment_before
from sec_ops.siem.raw.segments import SegmentReader
from sec_ops.siem.records import Place, RawBatch

__all__ = ["Cursor", "read_record", "read_stream"]


class Cursor:
    """Reads the batches of a stream after a sequence; `read` again goes on where it stopped.

    What it yields is on disk and chained to what it yielded before. Raises EvidenceBroken when the chain is broken and
    StorageError when the disk refuses.
    """

    def __init__(self, folder: Path, stream: str, after: int = 0) -> None:
        self._stream = folder / "raw" / stream
        self._after = after
        self._head: bytes | None = None
        self._number = 0
        self._reader: SegmentReader | None = None

    def read(self) -> Iterator[tuple[Place, RawBatch]]:
        """Yield what is there now."""
        for stored in self.stored():
            yield Place(self._stream.name, stored.sequence), stored.batch

    def stored(self) -> Iterator[Stored]:
        """Yield what is there now, with its hash."""
        with _told(self._stream):
            while True:
                # Asked before reading: a segment that has a successor doesn't grow any more.
                following = self._following()
                if self._reader is None and following is None:
                    return
                if self._reader:
                    yield from self._batches(self._reader)
                if following is None:
                    return
                self._enter(following)

    def close(self) -> None:
        """Close the file."""
        if self._reader:
            self._reader.close()
            self._reader = None

    def _batches(self, reader: SegmentReader) -> Iterator[Stored]:
        for stored in reader.batches():
            self._head = stored.digest
            if stored.sequence > self._after:
                self._after = stored.sequence
                yield stored

    def _following(self) -> int | None:
        numbers = segment_numbers(self._stream)
        if not self._number:
            return numbers[segment_before(self._stream, self._after, numbers)] if numbers else None
        return next((number for number in numbers if number > self._number), None)

    def _enter(self, number: int) -> None:
        self.close()
        self._number = number
        try:
            reader = SegmentReader(segment_path(self._stream, number))
        except TornBatch as error:
            raise self._broken(number, str(error)) from error
        if self._head is not None and reader.decoder.head != self._head:
            reader.close()
            raise self._broken(number, "it does not follow the one before")
        self._head, self._reader = reader.decoder.head, reader

    def _broken(self, number: int, why: str) -> EvidenceBroken:
        place = str(segment_path(self._stream, number))
        what = message("the chain of raw records is broken at {path}", path=place)
        return EvidenceBroken(what, where=place, why=why, advice=message("restore var/logs/raw from its backup"))


def read_stream(folder: Path, stream: str, after: int = 0) -> Iterator[tuple[Place, RawBatch]]:
    """Yield a stream's batches after a sequence, as far as they are there; `folder` is `var/logs/`."""
    cursor = Cursor(folder, stream, after)
    try:
        yield from cursor.read()
    finally:
        cursor.close()


def read_record(folder: Path, record: str) -> bytes | None:
    """Return the raw record that `Place.record` names, None when it isn't there any more; raises as `Cursor`."""
    stream, sequence, index = record.rsplit("/", 2)
    for place, batch in read_stream(folder, stream, int(sequence) - 1):
        found = place.sequence == int(sequence) and int(index) < len(batch.records)
        return batch.records[int(index)] if found else None
    return None


@contextmanager
def _told(stream: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(Path(error.filename or stream), error) from error
