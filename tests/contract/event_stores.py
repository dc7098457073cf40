"""What every store of events is tested with: a way to open it, types, and rows."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sec_ops.siem.events import DATASET, RECORD, TIME, FieldType, FieldTypes, Row
from sec_ops.siem.records import Place

TYPES = FieldTypes(
    {
        TIME: FieldType.DATE,
        "event.ingested": FieldType.DATE,
        "event.created": FieldType.DATE,
        "message": FieldType.TEXT,
        "process.command_line": FieldType.TEXT,
        "source.ip": FieldType.IP,
        "source.port": FieldType.LONG,
        "event.duration": FieldType.LONG,
        "event.risk_score": FieldType.DOUBLE,
        "process.elevated": FieldType.BOOLEAN,
        "sec_ops.skew_ms": FieldType.LONG,
    }
)
DAY = 86_400_000_000
NOON = int(datetime(2026, 7, 28, 12, tzinfo=UTC).timestamp()) * 1_000_000


class FixedClock:
    """A clock that stands on the evening of the day of the tests."""

    def now(self) -> datetime:
        return datetime(2026, 7, 28, 20, tzinfo=UTC)

    def monotonic_ms(self) -> int:
        return 0


def rows(events: Iterable[Mapping[str, Any]], *, stream: str = "1", sequence: int = 1) -> list[Row]:
    """Return events as rows of one batch; time, receipt, dataset and record are filled in where they miss."""
    place = Place(stream, sequence)
    made = []
    for index, event in zip(count(), events):
        time = event.get(TIME, NOON + index)
        own = {
            TIME: time,
            "event.ingested": NOON + DAY // 4,
            DATASET: "sshd",
            "sec_ops.source": "web-1:/var/log/auth.log",
        }
        made.append(Row({**own, **event, RECORD: place.record(index)}, place, index))
    return made
