"""A source that ends gives up its lines, not what its later lines are read by."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sec_ops.siem.events import Row
from sec_ops.siem.index.sessions import Sessions
from sec_ops.siem.records import Origin, Place, RawBatch, Transport

ORIGIN = Origin(source="web-1:/var/log/w3c.log", transport=Transport.PULL)


@dataclass
class Headed:
    """Holds back a line and remembers a heading, as a W3C log wants it."""

    known: list[bytes] = field(default_factory=list)

    def feed(self, place: Place, batch: RawBatch) -> Sequence[Row]:
        self.known += batch.records
        return [Row({"message": b"+".join(self.known).decode()}, place, 0)]

    def flush(self) -> Sequence[Row]:
        return []

    def pending(self) -> bytes:
        return b"+".join(self.known)


def understand(origin: Origin, pending: bytes = b"") -> Headed:
    return Headed([pending] if pending else [])


def batch(*records: bytes) -> RawBatch:
    return RawBatch(origin=ORIGIN, received_ms=0, records=records)


def test_a_heading_outlives_silence_and_restart() -> None:
    sessions = Sessions(understand, {}, 10, 0)
    sessions.feed(Place("s", 1), batch(b"#Fields"), 0)
    assert sessions.end_silent(5) == []
    assert not sessions.holds_aside  # nothing waits: silence is told once
    kept = sessions.held_back()
    (row,) = sessions.feed(Place("s", 2), batch(b"line"), 10)
    assert row.event["message"] == "#Fields+line"
    again = Sessions(understand, kept, 10, 20)
    (row,) = again.feed(Place("s", 2), batch(b"line"), 20)
    assert row.event["message"] == "#Fields+line"
