"""A record with a clock that is set by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sec_ops.backup.record.record import Record, open_record
from sec_ops.runtime.site import Site


class SetClock:
    """A clock that goes only when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 26, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic_ms(self) -> int:
        return round(self.time.timestamp() * 1000)

    def go(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def record(tmp_path: Path, clock: SetClock) -> Iterator[Record]:
    with open_record(Site(tmp_path), clock=clock) as opened:
        yield opened
