"""Understanding a stream of the raw log once more, as if its batches came again when they came.

What a source held back while it was silent became events then; so that the same lines make the same events, the clock
of a replay is that of the batches' receipt.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sec_ops.model.protocols import Clock
from sec_ops.siem.index.stream import IndexLimits, StreamIndex
from sec_ops.siem.raw.batches import Stored
from sec_ops.siem.raw.salvage import RawLoss, Seals, salvaged
from sec_ops.siem.records import Place
from sec_ops.siem.storing import Taking
from sec_ops.siem.understanding import Understand
from sec_ops.siem.watching import Watcher

__all__ = ["Replay"]

_NEVER_MS = 2**62


@dataclass(slots=True)
class _ReceiptClock:
    """A clock that says when the batch that is read was received."""

    clock: Clock
    milliseconds: int = 0

    def now(self) -> datetime:
        return self.clock.now()

    def monotonic_ms(self) -> int:
        return self.milliseconds


class Replay:
    """Understands a stream from where a store says it is; the caller holds its index lock.

    `lost` hears of batches that can't be had. Raises what the store raises, and StorageError.
    """

    def __init__(
        self,
        folder: Path,
        stream: str,
        *,
        store: Taking,
        understand: Understand,
        clock: Clock,
        seals: Seals,
        lost: Callable[[RawLoss], None],
        limits: IndexLimits,
        watcher: Watcher | None = None,
    ) -> None:
        self._folder = folder
        self._stream = stream
        self._store = store
        self._understand = understand
        self._receipt = _ReceiptClock(clock)
        self._seals = seals
        self._lost = lost
        self._limits = replace(limits, age_ms=_NEVER_MS)
        self._watcher = watcher
        self._index: StreamIndex | None = None

    def to_end(self) -> None:
        """Understand everything; lines that wait for more stay pending unless their source has been silent."""
        self._read(None)
        self._finish(int(self._receipt.clock.now().timestamp() * 1000))

    def to(self, sequence: int) -> None:
        """Understand the batches up to this one, and take all that is held back for whole."""
        self._read(sequence)
        self._finish(_NEVER_MS)

    def _read(self, until: int | None) -> None:
        commit = self._store.committed().get(self._stream)
        begun = commit.sequence if commit else 0
        for stored in salvaged(self._folder, self._stream, self._seals, self._gap):
            if until is not None and stored.sequence > until:
                return
            if stored.sequence > begun:
                self._take(stored)
            else:
                self._receipt.milliseconds = max(self._receipt.milliseconds, stored.batch.received_ms)

    def _take(self, stored: Stored) -> None:
        index = self._begun()
        # A clock that was set back makes nobody silent.
        self._receipt.milliseconds = max(self._receipt.milliseconds, stored.batch.received_ms)
        index.tick()
        index.feed(Place(self._stream, stored.sequence), stored.batch)

    def _begun(self) -> StreamIndex:
        if self._index is None:
            self._index = StreamIndex(
                self._stream, self._store, self._understand, self._receipt, self._limits, self._watcher
            )
        return self._index

    def _gap(self, loss: RawLoss) -> None:
        """Take what is held back for whole: lines after a gap are no continuation of those before it."""
        self._lost(loss)
        if self._index:
            now, self._receipt.milliseconds = self._receipt.milliseconds, _NEVER_MS
            self._index.tick()
            self._receipt.milliseconds = now

    def _finish(self, now_ms: int) -> None:
        index = self._begun()
        self._receipt.milliseconds = max(self._receipt.milliseconds, now_ms)
        index.tick()
        index.commit()
