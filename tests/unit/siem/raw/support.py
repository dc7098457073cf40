"""Raw batches and a clock to try the raw log with."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sec_ops.siem.raw.layout import stream_names
from sec_ops.siem.raw.reading import read_stream
from sec_ops.siem.records import Origin, Place, RawBatch, Transport

START = datetime(2026, 11, 26, 8, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)


class SetClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def monotonic_ms(self) -> int:
        return int((self.moment - START) / timedelta(milliseconds=1))


def batch_of(*records: bytes, source: str = "host:/log", ids: Iterable[str | None] = (), **more: Any) -> RawBatch:
    """Return a batch of a syslog sender."""
    origin = Origin(source=source, transport=Transport.SYSLOG_TCP, unit=more.pop("unit", ""))
    return RawBatch(
        origin=origin, received_ms=more.pop("received_ms", START_MS), records=records, ids=tuple(ids), **more
    )


def everything(folder: Path) -> list[tuple[Place, RawBatch]]:
    """Return every batch of every stream."""
    return [each for name in stream_names(folder / "raw") for each in read_stream(folder, name)]


def all_records(folder: Path) -> list[bytes]:
    """Return every record of every stream."""
    return [record for _, batch in everything(folder) for record in batch.records]
