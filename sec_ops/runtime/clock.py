"""The system's clock behind the protocol of `model`."""

import time
from datetime import UTC, datetime

__all__ = ["SystemClock", "utc_text"]


class SystemClock:
    """Time of this machine; a drifting clock is sealed with the evidence, not corrected here."""

    def now(self) -> datetime:
        """Return the present as an aware UTC time."""
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        """Return milliseconds of a clock that never goes back."""
        return time.monotonic_ns() // 1_000_000


def utc_text(moment: datetime) -> str:
    """Return RFC 3339 text in UTC with milliseconds, such as `2026-11-23T08:00:00.000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
