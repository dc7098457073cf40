"""The raw log as doors use it: append, and where a source goes on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sec_ops.evidence.group import GroupCommit
from sec_ops.model.protocols import Clock
from sec_ops.runtime.files import make_folder, storage_error
from sec_ops.runtime.locks import Lock, waited
from sec_ops.siem.raw.layout import stream_names
from sec_ops.siem.raw.recovery import recover
from sec_ops.siem.raw.state import State, StreamState, id_keys
from sec_ops.siem.raw.stream import Limits, StreamWriter
from sec_ops.siem.records import Place, RawBatch

__all__ = ["Appended", "Limits", "RawLog"]

_DAY_MS = 86_400_000
_PRUNE_EVERY_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What became of a batch: `batch` is what was taken of it, at `place` (None when nothing was left to take).

    `known` are the indices, in the batch handed over, of records whose id was taken before.
    """

    place: Place | None
    batch: RawBatch
    known: tuple[int, ...] = ()


class RawLog:
    """Appends to one stream of a raw log, which is taken at the first append; safe to share between threads.

    Every method may raise StorageError: nothing of that call was acknowledged, and the next call begins anew.
    """

    def __init__(self, folder: Path, *, clock: Clock, limits: Limits | None = None) -> None:
        self._folder = folder / "raw"
        self._clock = clock
        self._limits = limits or Limits()
        self._state = State(folder / "state.db")
        self._group: GroupCommit[RawBatch, Appended] = GroupCommit(self._commit)
        self._writer: StreamWriter | None = None
        self._pruned_ms: int | None = None
        with _told(self._folder):
            make_folder(self._folder)

    @classmethod
    @contextmanager
    def open(cls, folder: Path, *, clock: Clock, limits: Limits | None = None) -> Iterator["RawLog"]:
        """Open the raw log of a site's `var/logs/`; it is closed at the end."""
        log = cls(folder, clock=clock, limits=limits)
        try:
            yield log
        finally:
            log.close()

    def append(self, batch: RawBatch) -> Appended:
        """Return once the batch is on disk; what it leaves out was taken before, by its id."""
        return self.append_many([batch])[0]

    def append_many(self, batches: Sequence[RawBatch]) -> list[Appended]:
        """Append batches with one sync: each stands for itself, all are on disk on return."""
        return self._group.submit(batches)

    def stream(self) -> str:
        """Return the stream that is written, after taking one."""
        with self._group.turn, _told(self._folder):
            self._writer = self._writer or self._take()
            return self._writer.name

    def position(self, source: str) -> Mapping[str, Any] | None:
        """Return where a source goes on: the position of its last batch in any stream, None without one."""
        with self._group.turn, _told(self._folder):
            self._settle()
            return self._state.position(source)

    def positions(self, beginning: str = "") -> Mapping[str, Mapping[str, Any]]:
        """Return the positions of all sources whose names begin so, by source."""
        with self._group.turn, _told(self._folder):
            self._settle()
            return self._state.positions(beginning)

    def streams(self) -> Mapping[str, StreamState]:
        """Return how far each stream reaches, by its name."""
        with self._group.turn, _told(self._folder):
            self._settle()
            return {name: self._state.stream(name) for name in stream_names(self._folder)}

    def close(self) -> None:
        """End the stream well, so that the next process goes on with it."""
        with self._group.turn, _told(self._folder):
            writer, self._writer = self._writer, None
            try:
                if writer:
                    writer.close()
            finally:
                self._state.close()

    def _commit(self, batches: Sequence[RawBatch]) -> list[Appended]:
        lock = waited(self._folder / "ids.lock") if any(any(each.ids) for each in batches) else nullcontext()
        with _told(self._folder), lock:
            wanted = self._without_known(batches)
            taken = [each.batch for each in wanted if each.batch.records or each.batch.position is not None]
            places = iter(self._write(taken))
            return [
                replace(each, place=next(places)) if each.batch.records or each.batch.position is not None else each
                for each in wanted
            ]

    def _without_known(self, batches: Sequence[RawBatch]) -> list[Appended]:
        keys = [id_keys(each.ids, each.origin.unit, each.origin.dataset) for each in batches]
        asked = [key for each in keys for key in each if key]
        if asked:
            self._settle()
        taken = self._state.known_ids(asked)
        return [_reduced(batch, batch_keys, taken) for batch, batch_keys in zip(batches, keys, strict=True)]

    def _write(self, batches: Sequence[RawBatch]) -> list[Place]:
        if not batches:
            return []
        writer = self._writer = self._writer or self._take()
        try:
            return writer.append(batches)
        except BaseException:
            # How the file ends is unknown now; whoever takes the stream next finds out.
            self._writer = None
            writer.abandon()
            raise

    def _take(self) -> StreamWriter:
        self._prune()
        return StreamWriter.take(self._folder, self._state, self._clock, self._limits)

    def _settle(self) -> None:
        """Bring the state up to streams whose writer died."""
        if self._writer:
            self._writer.catch_up()
        own = self._writer.name if self._writer else ""
        for name in self._state.unclean(stream_names(self._folder)):
            lock = Lock.take(self._folder / name / "lock") if name != own else None
            if lock:
                try:
                    recover(self._folder / name, self._state)
                finally:
                    lock.release()

    def _prune(self) -> None:
        now = self._clock.monotonic_ms()
        if self._pruned_ms is None or now - self._pruned_ms > _PRUNE_EVERY_MS:
            self._pruned_ms = now
            present_ms = int(self._clock.now().timestamp() * 1000)
            self._state.forget_ids(present_ms - self._limits.ids_days * _DAY_MS)


def _reduced(batch: RawBatch, keys: Sequence[bytes | None], taken: set[bytes]) -> Appended:
    """Return the batch without records whose id is in `taken`, which the others' ids are added to."""
    known = []
    for index, key in enumerate(keys):
        if key in taken:
            known.append(index)
        elif key:
            taken.add(key)
    if not known:
        return Appended(place=None, batch=batch)
    left = [index for index in range(len(batch.records)) if index not in set(known)]
    reduced = replace(
        batch,
        records=tuple(batch.records[index] for index in left),
        ids=tuple(batch.ids[index] for index in left),
    )
    return Appended(place=None, batch=reduced, known=tuple(known))


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(Path(error.filename or folder), error) from error
