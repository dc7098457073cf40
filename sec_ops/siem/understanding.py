"""What the indexer asks of the parsers, as a protocol: raw batches in, events out."""

from collections.abc import Sequence
from typing import Protocol

from sec_ops.siem.events import Row
from sec_ops.siem.records import Origin, Place, RawBatch

__all__ = ["Session", "Understand"]


class Session(Protocol):
    """The understanding of one source, in the order of its records.

    Never raises for any record and never loses one: what no parser understands becomes an event of dataset `unparsed`.
    """

    def feed(self, place: Place, batch: RawBatch) -> Sequence[Row]:
        """Return the events that are whole now; lines of a record that is still open are held back."""
        ...

    def flush(self) -> Sequence[Row]:
        """Return what was held back, whole or not: the source has ended or been silent for too long."""
        ...

    def pending(self) -> bytes:
        """Return what is held back, and what else later records need, such as the last heading; empty when nothing is.

        Stored in the same transaction as the events. After `flush` no lines are held back, but a heading may stay.
        """
        ...


class Understand(Protocol):
    """Make the session of a source."""

    def __call__(self, origin: Origin, pending: bytes = b"") -> Session:
        """Return a session that goes on from what was pending."""
        ...
