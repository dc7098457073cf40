"""Moments as the record keeps them: milliseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

__all__ = ["milliseconds", "moment"]


def milliseconds(when: datetime) -> int:
    """Return an aware time in whole milliseconds since 1970, as texts with milliseconds have it."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def moment(at_ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware UTC time."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


_EPOCH = datetime.fromtimestamp(0, UTC)
