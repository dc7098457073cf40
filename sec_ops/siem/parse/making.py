"""Events made of what was extracted: provenance first, then constants, fields, time, host, message and marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from sec_ops.siem.engines import Composed, Extracted
from sec_ops.siem.events import DATASET, PIPELINE_ERROR, TIME, UNPARSED, Event
from sec_ops.siem.packing import packed_columns
from sec_ops.siem.parse.compiled import Compiled
from sec_ops.siem.parse.conform import shortest_address, written
from sec_ops.siem.parse.moments import zone_named
from sec_ops.siem.parse.pieces import Piece, Stamp
from sec_ops.siem.parse.settling import Columns
from sec_ops.siem.parse.timing import Clock
from sec_ops.siem.records import Origin, Place, Transport
from sec_ops.siem.tables import Table

__all__ = ["FLAGS", "INCOMPLETE", "MULTILINE", "TRUNCATED", "Envelope", "Maker"]

FLAGS: Final = "log.flags"
INCOMPLETE: Final = "incomplete"
TRUNCATED: Final = "truncated"
MULTILINE: Final = "multiline"
SKEW: Final = "sec_ops.skew_ms"
_LIVE: Final = frozenset(
    {Transport.SYSLOG_UDP, Transport.SYSLOG_TCP, Transport.SYSLOG_TLS, Transport.RELP, Transport.BULK}
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope said: the event so far, the time it states, and what its program's parser is given."""

    event: Event
    stated_us: int | None
    program: str
    process: str
    message: str


class Maker:
    """Makes the events of one source."""

    def __init__(self, origin: Origin, zone: tzinfo) -> None:
        self._origin = origin
        self._zone = (zone_named(origin.zone) if origin.zone else None) or zone
        self._provenance = _provenance(origin)
        self._live = origin.transport in _LIVE
        self._clock = Clock(0, 0, self._zone)
        self._bases: dict[str, Event] = {}

    def begin(self, parser: Compiled, stamp: Stamp) -> Event:
        """Return an event with its provenance and the parser's constants."""
        return self._base(parser, stamp).copy()

    def _base(self, parser: Compiled, stamp: Stamp) -> Event:
        self._at(stamp.received_us)
        base = self._bases.get(parser.id)
        if base is None:
            names: Event = {DATASET: self._origin.dataset or parser.dataset, "sec_ops.parser": parser.id}
            base = self._bases[parser.id] = {**self._provenance, **parser.constants, **names}
            base["event.ingested"] = stamp.received_us
        return base

    def finish(self, parser: Compiled, extracted: Extracted, event: Event, text: str, stamp: Stamp) -> Event:
        """Fill an event from what the engine found."""
        stated_us = parser.fill(extracted, event, self._at(stamp.received_us))
        if parser.keeps_text and "message" not in event:
            event["message"] = text
        return self._settle(event, stated_us)

    def table(self, parser: Compiled, made: Composed, records: Sequence[int], stamp: Stamp) -> Table | None:
        """Return events that the engine made in columns, of records of the batch by their numbers.

        None when they must be mapped one by one. What the session knows stands above what the records say.
        """
        base = self._base(parser, stamp)
        events = parser.settle(made, len(records))
        if events is None:
            return None
        self._settle_times(parser, events)
        events.cover(base)
        if self._origin.host or "host.name" not in made.columns or "host.name" in made.loose:
            events.each(("host.name", "host.hostname"), lambda event, _row: self._name_host(event))
        return Table(
            constants=events.constants,
            columns=packed_columns(events.columns),
            places=[Place(stamp.stream, stamp.sequence)] * len(records),
            indexes=records,
            parts=[0] * len(records),
        )

    def envelope(self, parser: Compiled, extracted: Extracted, text: str, stamp: Stamp) -> Envelope:
        """Return what an envelope says; its message is what its program is asked about."""
        event = self.begin(parser, stamp)
        stated_us = parser.fill(extracted, event, self._at(stamp.received_us))
        names = parser.carries
        message = _text(extracted.get(names.message)) if names else text
        event.setdefault("message", message)
        program = _text(extracted.get(names.program)) if names else ""
        process = _text(extracted.get(names.process)) if names and names.process else ""
        return Envelope(event, stated_us, program, process, message)

    def enveloped(self, inner: Compiled | None, found: Extracted | None, outer: Envelope, stamp: Stamp) -> Event:
        """Return the event of an envelope and, where its program's parser understood the message, of that."""
        event, stated_us = outer.event, outer.stated_us
        if inner is not None:
            stated_us = self._add_inner(inner, found, event, stamp, stated_us)
        return self._settle(event, stated_us)

    def joined(self, parser: Compiled | None, found: Extracted | None, piece: Piece) -> Event:
        """Return the event of lines that were joined."""
        text, flags = piece.text, [*piece.flags, *([MULTILINE] if len(piece.lines) > 1 else [])]
        if piece.outer is None and (found is None or parser is None):
            return self.unparsed(text, piece.stamp, flags)
        if piece.outer is None and parser is not None and found is not None:
            event = self.finish(parser, found, self.begin(parser, piece.stamp), text, piece.stamp)
        else:
            event = {**(piece.outer or {}), "message": text}
            stated_us = self._add_inner(parser, found, event, piece.stamp, piece.stated_us) if parser else None
            event = self._settle(event, stated_us)
        return _flagged(event, flags)

    def unparsed(self, text: str, stamp: Stamp, flags: Sequence[str]) -> Event:
        """Return the event of a record that no parser understood."""
        clock = self._at(stamp.received_us)
        event: Event = {**self._provenance, DATASET: UNPARSED, "event.kind": PIPELINE_ERROR, "message": text}
        event["event.ingested"] = stamp.received_us
        clock.settle(event, None)
        self._name_host(event)
        return _flagged(event, flags)

    def failed(self, text: str, stamp: Stamp, error: Exception) -> Event:
        """Return the event of a record over which a parser broke."""
        return {
            **self.unparsed(text, stamp, ()),
            "error.type": type(error).__name__,
            "error.message": str(error)[:1000],
        }

    def _add_inner(
        self, inner: Compiled, found: Extracted | None, event: Event, stamp: Stamp, stated_us: int | None
    ) -> int | None:
        event[DATASET] = self._origin.dataset or inner.dataset
        if found is None:
            return stated_us
        event["sec_ops.parser"] = inner.id
        event.update(inner.constants)
        own_us = inner.fill(found, event, self._at(stamp.received_us))
        return stated_us if own_us is None else own_us

    def _at(self, received_us: int) -> Clock:
        if received_us != self._clock.received_us:
            reference_ms = self._origin.reference_ms
            reference_us = received_us if reference_ms is None else reference_ms * 1000
            self._clock = Clock(received_us, reference_us, self._zone)
            self._bases = {}
        return self._clock

    def _settle(self, event: Event, stated_us: int | None) -> Event:
        self._settle_time(event, stated_us)
        if self._origin.host or "host.name" not in event:
            self._name_host(event)
        return event

    def _settle_times(self, parser: Compiled, events: Columns) -> None:
        """Set the time of each event; all at once where all of them state one that can be believed."""
        clock = self._clock
        stated = parser.whole_us(events.columns[TIME])
        if stated is None or not (clock.believes(min(stated)) and clock.believes(max(stated))):
            events.each((TIME,), lambda event, _row: self._settle_time(event, parser.stated_us(event, clock)))
            return
        events.columns[TIME] = stated
        if self._live:
            events.columns[SKEW] = [(clock.received_us - each) // 1000 for each in stated]

    def _settle_time(self, event: Event, stated_us: int | None) -> None:
        self._clock.settle(event, stated_us)
        if self._live and stated_us is not None:
            event[SKEW] = (self._clock.received_us - stated_us) // 1000

    def _name_host(self, event: Event) -> None:
        """Name the host as the inventory does where it is known; what the record says stays beside it."""
        known, stated = self._origin.host, event.get("host.name")
        if known:
            if stated is not None and stated != known:
                event.setdefault("host.hostname", stated)
            event["host.name"] = known
        elif stated is None and (said := event.get("host.hostname") or self._origin.peer):
            event["host.name"] = said


def _provenance(origin: Origin) -> Event:
    fields: Event = {
        "sec_ops.source": origin.source,
        "sec_ops.unit": origin.unit,
        "sec_ops.transport": origin.transport.value,
        "log.file.path": origin.path,
    }
    address = shortest_address(origin.peer) if origin.peer else None
    if address is not None:
        fields["log.source.address"] = address
    return {name: value for name, value in fields.items() if value != ""}


def _text(value: Any) -> str:  # noqa: ANN401 - whatever the envelope holds there
    return value if isinstance(value, str) else "" if value is None else written(value)


def _flagged(event: Event, flags: Sequence[str]) -> Event:
    if flags:
        event[FLAGS] = list(flags) if len(flags) > 1 else flags[0]
    return event
