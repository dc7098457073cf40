"""What the indexer tells of events as soon as it understands them, before any store has them, as a protocol.

The order is kept so that a watcher that keeps what it was told, and how far, misses nothing and takes nothing twice,
whenever the process dies: a batch is told (`see`) before the store has its events; the watcher is asked to make
durable what it was told (`settle`) before the store takes them; it hears when the store has them (`stored`). What the
store doesn't have is told again by the next process, in the same batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sec_ops.siem.events import Row
from sec_ops.siem.records import Transport

__all__ = ["Understood", "Unwatched", "Watcher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """Events that became whole when a stream was at a batch.

    Told again, a batch makes the same events whole. Those that are whole only because their source `fell_silent` may
    then come at another batch, with another ending, but of the same records. `received_ms` is when the batch came
    (milliseconds since 1970, UTC); `transport` says how, None when that is not known.
    """

    stream: str
    sequence: int
    received_ms: int
    rows: Sequence[Row]
    transport: Transport | None = None
    fell_silent: bool = False


class Watcher(Protocol):
    """Sees every event once it is understood. Nothing it does or fails to do keeps an event from being stored."""

    def begin(self, stream: str, sequence: int) -> None:
        """Hear that a stream is gone on with after this batch, the last that the store has."""
        ...

    def see(self, understood: Understood) -> None:
        """Take events in."""
        ...

    def settle(self, stream: str, sequence: int) -> None:
        """Make durable what was seen: the store is about to take everything up to this batch of the stream."""
        ...

    def stored(self, stream: str, sequence: int) -> None:
        """Hear that the store has it: it is never told again."""
        ...

    def pause(self) -> None:
        """Hear that all streams were looked at and nothing more is there for now."""
        ...


class Unwatched:
    """Nobody watches."""

    def begin(self, stream: str, sequence: int) -> None:
        """Do nothing."""

    def see(self, understood: Understood) -> None:
        """Do nothing."""

    def settle(self, stream: str, sequence: int) -> None:
        """Do nothing."""

    def stored(self, stream: str, sequence: int) -> None:
        """Do nothing."""

    def pause(self) -> None:
        """Do nothing."""
