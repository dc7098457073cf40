"""The clock of a host against ours, read from the collector's own first line: no extra round trip."""

import re
from datetime import datetime

__all__ = ["clock_offset_ms"]

_HEADER = re.compile(rb"@@sec-ops-(?:facts|logs) 1 \S+ \S+ (\d{1,12})(?: [^\n]*)?\r?\n")
_HALF_SECOND_MS = 500


def clock_offset_ms(output: bytes | bytearray, received: datetime) -> int | None:
    """Return host minus controller in milliseconds, None when `output` does not begin with a whole header line.

    The header is `@@sec-ops-facts 1 <boundary> <collector> <epoch seconds> …`; `received` is the controller's time when
    it came. Whole seconds are taken at their middle, so the result is good to half a second and the line's way here.
    """
    header = _HEADER.match(output)
    if header is None:
        return None
    return int(header[1]) * 1000 + _HALF_SECOND_MS - int(received.timestamp() * 1000)
