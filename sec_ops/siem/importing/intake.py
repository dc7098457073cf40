"""From a log's bytes to batches in the raw log and events in the store, in one pass."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sec_ops.model.protocols import Clock
from sec_ops.runtime.archives.readers import CHUNK, Damaged
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.locks import waited
from sec_ops.siem.importing.lines import MARKS, line_groups, wide_codec
from sec_ops.siem.importing.unwrapping import Leaf
from sec_ops.siem.importing.windows import event_chunks
from sec_ops.siem.index.stream import Counts, IndexLimits, StreamIndex, index_lock
from sec_ops.siem.raw.log import RawLog
from sec_ops.siem.records import Origin, RawBatch
from sec_ops.siem.storing import EventStore
from sec_ops.siem.understanding import Understand
from sec_ops.siem.watching import Watcher

__all__ = ["Ask", "Intake", "Piece", "pieces"]

Ask = Callable[[bytes], bytes | None]
"""Reads a chunk of an EVTX file; None when the chunk can't be read without harm."""
_MARK_BYTES = 2
_BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Records that follow each other in a log: where it goes on after them, bytes cut off, parts that can't be read."""

    records: tuple[bytes, ...]
    position: dict[str, Any]
    cut: int = 0
    faults: int = 0


def pieces(leaf: Leaf, after: dict[str, Any], encoding: str, ask: Ask) -> Iterator[Piece]:
    """Yield a log's records after a position of its own; raises Damaged and Refused where it can't be read on."""
    if leaf.is_event_log:
        yield from _event_pieces(leaf, int(after.get("chunks", 0)), ask)
        return
    codec = wide_codec(leaf.head, encoding)
    start = int(after.get("offset", _MARK_BYTES if codec and leaf.head[:_MARK_BYTES] in MARKS else 0))
    _skip(leaf, start)
    for group in line_groups(leaf.reader, start, codec):
        yield Piece(records=group.lines, position={"offset": group.end}, cut=group.cut)


def _event_pieces(leaf: Leaf, skip: int, ask: Ask) -> Iterator[Piece]:
    records: list[bytes] = []
    size = faults = 0
    number = skip
    damage: Damaged | None = None
    chunks = event_chunks(leaf.reader, ask, skip)
    while True:
        try:
            chunk = next(chunks, None)
        except Damaged as error:
            chunk, damage = None, error
        if chunk is None:
            break
        number += 1
        records += chunk.records
        size += sum(map(len, chunk.records))
        faults += chunk.faults
        if size >= _BATCH_BYTES:
            yield Piece(records=tuple(records), position={"chunks": number}, faults=faults)
            records, size, faults = [], 0, 0
    yield Piece(records=tuple(records), position={"chunks": number}, faults=faults)
    if damage:
        raise damage


def _skip(leaf: Leaf, size: int) -> None:
    while size > 0:
        data = leaf.reader.read(min(size, CHUNK))
        if not data:
            return
        size -= len(data)


class Intake:
    """Appends to the raw log and indexes what it appended; the stream is taken at the first batch."""

    def __init__(
        self,
        folder: Path,
        log: RawLog,
        *,
        store: EventStore,
        understand: Understand,
        clock: Clock,
        limits: IndexLimits | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._folder = folder
        self._log = log
        self._store = store
        self._understand = understand
        self._clock = clock
        self._limits = limits or IndexLimits()
        self._watcher = watcher
        self._index: StreamIndex | None = None
        self._before = Counts()
        self._held = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:
            if self._index and error is None:
                self._index.commit()

    @property
    def counts(self) -> Counts:
        """Return what was stored of what this intake appended."""
        stored = self._index.counts if self._index else Counts()
        return Counts(events=stored.events - self._before.events, unparsed=stored.unparsed - self._before.unparsed)

    def position(self, source: str) -> dict[str, Any]:
        """Return where a source goes on; empty when nothing of it was taken."""
        return dict(self._log.position(source) or {})

    @contextmanager
    def alone_with(self, digest: str) -> Iterator[None]:
        """Take a content while no other import does, after waiting for whoever does; raises StorageError."""
        # One lock for many contents: locks of contents would be files without number.
        path = make_folder(self._folder / "locks") / f"import.{digest[:2]}.lock"
        with waited(path):
            yield

    def take(self, origin: Origin, piece: Piece) -> None:
        """Put a piece on disk, then understand it."""
        index = self._index = self._index or self._begun()
        received_ms = int(self._clock.now().timestamp() * 1000)
        appended = self._log.append(
            RawBatch(origin=origin, received_ms=received_ms, records=piece.records, position=piece.position)
        )
        if appended.place:
            index.feed(appended.place, appended.batch)

    def _begun(self) -> StreamIndex:
        stream = self._log.stream()
        self._held.enter_context(index_lock(self._folder, stream))
        index = StreamIndex(stream, self._store, self._understand, self._clock, self._limits, self._watcher)
        # What an earlier process wrote and didn't come to index.
        index.catch_up(self._folder)
        index.commit()
        self._before = index.counts
        return index
