"""When something happened: what the record states, else its envelope, else when it was received.

A stated time before the year 2000 or more than a day after receipt is a wrong clock's (1970, 2038, 2099): the event
then stands at its receipt, so that it is found and not swept away with the oldest days, and keeps what was stated
in `sec_ops.stated_time`. A time that can't be read is kept in `misfit.@timestamp`. `sec_ops.time` says where the
event's time comes from when the record itself doesn't state it.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Final

from sec_ops.model.log_parser import TimeRule
from sec_ops.siem.events import MISFIT, TIME, Event
from sec_ops.siem.parse.moments import DAY_US, Moment, compile_form, whole_iso, whole_isos, zone_named

__all__ = ["EARLIEST_US", "STATED", "TIME_FROM", "Clock", "Timing"]

EARLIEST_US: Final = 946_684_800_000_000
"""2000-01-01: no log of what this program looks after is older."""
STATED: Final = "sec_ops.stated_time"
TIME_FROM: Final = "sec_ops.time"
_YEAR_US: Final = 365 * DAY_US
_MEMORY_BOUND: Final = 8_192
_LEAST, _MOST = -62_135_596_800_000_000, 253_402_300_799_999_999


class Clock:
    """What times of one batch are resolved against: receipt, reference and zone."""

    __slots__ = ("received_us", "reference_us", "zone")

    def __init__(self, received_us: int, reference_us: int, zone: tzinfo) -> None:
        self.received_us = received_us
        self.reference_us = reference_us
        self.zone = zone

    def believes(self, stated_us: int) -> bool:
        """Return whether something may have happened then."""
        return EARLIEST_US <= stated_us <= self.received_us + DAY_US

    def settle(self, event: Event, stated_us: int | None) -> None:
        """Set an event's time from what was stated, else from receipt."""
        if stated_us is not None and self.believes(stated_us):
            event[TIME] = stated_us
            return
        event[TIME] = self.received_us
        event[TIME_FROM] = "received"
        if stated_us is not None:
            event[STATED] = stated_us


class Timing:
    """A parser's rule for times, compiled; raises ValueError for a form or zone that can't be."""

    def __init__(self, rule: TimeRule | None) -> None:
        self.field = rule.field if rule else TIME
        self._forms = tuple(compile_form(each) for each in (rule.formats if rule else ("iso",)))
        self._zone = zone_named(rule.zone) if rule and rule.zone else None
        if rule and rule.zone and self._zone is None:
            raise ValueError(rule.zone)
        self._iso = rule is None or rule.formats[0] == "iso"
        self._memory: dict[tuple[str, tzinfo], tuple[int | None, bool]] = {}

    def read(self, value: Any, clock: Clock, event: Event) -> int | None:  # noqa: ANN401 - whatever stands there
        """Return microseconds since 1970 in UTC, or None with the text kept as a misfit."""
        text = value if type(value) is str else "" if isinstance(value, dict | list) else str(value)
        if self._iso and (whole := whole_iso(text)) is not None:
            return whole
        zone = self._zone or clock.zone
        found, yearless = self._memory.get((text, zone), (None, True))
        if found is None or (yearless and not 0 <= clock.reference_us + DAY_US - found < _YEAR_US):
            found, yearless = self._resolve(text, zone, clock.reference_us)
            self._keep((text, zone), (found, yearless))
        if found is None and text:
            event[MISFIT + TIME] = text
        return found

    def whole(self, texts: Sequence[Any]) -> Sequence[int] | None:
        """Return what `read` returns of texts that name date, clock and zone; None where one of them doesn't."""
        return whole_isos(texts) if self._iso else None

    def _resolve(self, text: str, zone: tzinfo, reference_us: int) -> tuple[int | None, bool]:
        for form in self._forms:
            found = form(text)
            if isinstance(found, Moment):
                resolved = found.resolve(zone, reference_us)
                if resolved is not None:
                    return resolved, not found.year
            elif found is not None and _LEAST <= found <= _MOST:
                return found, False
        return None, True

    def _keep(self, key: tuple[str, tzinfo], found: tuple[int | None, bool]) -> None:
        if len(key[0]) <= 128:
            if len(self._memory) >= _MEMORY_BOUND:
                self._memory.clear()
            self._memory[key] = found
