"""Parsers made for tests, and the events of records given to them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sec_ops.model.log_parser import LogParser
from sec_ops.siem.events import Event, FieldType, FieldTypes
from sec_ops.siem.parse.loading import understanding
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from sec_ops.siem.understanding import Understand

RECEIVED_MS = 1_795_700_000_000
"""2026-11-26T13:33:20Z."""
TYPES = FieldTypes(
    {
        "message": FieldType.TEXT,
        "host.name": FieldType.KEYWORD,
        "source.ip": FieldType.IP,
        "source.port": FieldType.LONG,
        "user.name": FieldType.KEYWORD,
        "ratio": FieldType.DOUBLE,
        "flag": FieldType.BOOLEAN,
        "when": FieldType.DATE,
    }
)


def parser(name: str = "test", engine: str = "json", **more: Any) -> LogParser:
    return LogParser.model_validate(
        {"id": name, "title": {"zh": "测试", "en": "test"}, "dataset": name, "engine": engine, **more}
    )


def understand_with(*parsers: LogParser, zone: str = "Asia/Shanghai") -> Understand:
    return understanding({each.id: each for each in parsers}, TYPES, zone)


def origin(**more: Any) -> Origin:
    return Origin(**{"source": "s", "transport": Transport.IMPORT, **more})


def events(
    understand: Understand, records: Sequence[bytes], where: Origin | None = None, received_ms: int = RECEIVED_MS
) -> list[Event]:
    """Return the events of records that come in one batch and end."""
    whence = where or origin()
    session = understand(whence)
    batch = RawBatch(origin=whence, received_ms=received_ms, records=tuple(records))
    return [row.event for row in (*session.feed(Place("w", 1), batch), *session.flush())]


def own(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without what every event carries."""
    return {name: value for name, value in event.items() if not name.startswith(("sec_ops.", "event.", "@"))}
