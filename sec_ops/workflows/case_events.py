"""What cases give, made into events: raw lines by the parsers that would understand them, flat events as they are."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sec_ops.content.library import Library
from sec_ops.detection.events import Occurrence
from sec_ops.detection.mapping.flattening import flattened
from sec_ops.detection.mapping.recognition import recognised
from sec_ops.detection.mapping.shape import Shape
from sec_ops.detection.run.occurrences import entity_of, moment_of
from sec_ops.model.detection_case import CaseLog, DetectionCase
from sec_ops.model.messages import Message, message
from sec_ops.siem.events import UNPARSED
from sec_ops.siem.parse.loading import load_understanding
from sec_ops.siem.records import Origin, Place, RawBatch, Transport
from sec_ops.siem.understanding import Understand

__all__ = ["RECEIVED", "CaseEvents"]

RECEIVED: Final = datetime(2026, 11, 27, tzinfo=UTC)
"""When the logs of cases came in: what times without a year are resolved against."""
_RECEIVED_MS: Final = int(RECEIVED.timestamp() * 1000)


class CaseEvents:
    """Makes events of cases; parsers are loaded once for each zone."""

    def __init__(self, content: Library, shapes: Sequence[Shape]) -> None:
        self._content = content
        self._shapes = shapes
        self._understanding: dict[str, Understand] = {}

    def occurrences(self, case: DetectionCase, zone: ZoneInfo) -> tuple[Occurrence, ...] | Message:
        """Return the case's events in their order, or what kept it from having them. Raises ContentInvalid."""
        events = [dict(event) for event in case.events] or list(self._from_logs(case.logs, zone))
        unread = next((event for event in events if event.get("event.dataset") == UNPARSED), None)
        if unread is not None:
            return message("no parser understands: {line}", line=str(unread.get("message", ""))[:120])
        made = [self._occurrence(place, event) for place, event in enumerate(events, 1)]
        if None in made:
            return message("event {place} has no shape that is known", place=made.index(None) + 1)
        return tuple(filter(None, made))

    def _from_logs(self, logs: Sequence[CaseLog], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
        understand = self._understand(zone)
        for number, log in enumerate(logs, 1):
            origin = Origin(
                source=log.path,
                transport=Transport.PULL,
                host=log.host,
                path=log.path,
                parser=log.parser or "",
                reference_ms=_RECEIVED_MS,
            )
            records = tuple(line.encode() for line in log.records())
            session = understand(origin)
            batch = RawBatch(origin=origin, received_ms=_RECEIVED_MS, records=records)
            for row in (*session.feed(Place("case", number), batch), *session.flush()):
                yield row.event

    def _understand(self, zone: ZoneInfo) -> Understand:
        if zone.key not in self._understanding:
            self._understanding[zone.key] = load_understanding(self._content, zone.key)
        return self._understanding[zone.key]

    def _occurrence(self, place: int, event: Mapping[str, Any]) -> Occurrence | None:
        shape = recognised(self._shapes, event)
        if shape is None:
            return None
        flat = flattened(event, shape.content.flatten)
        time_us, entity = moment_of(flat, shape.content), entity_of(flat, shape.content)
        return Occurrence(event=flat, shape=shape.id, record=f"case:{place}", time_us=time_us, entity=entity)
