"""Moments as the record keeps them: milliseconds since 1970, UTC."""

from datetime import UTC, datetime

__all__ = ["milliseconds", "moment"]


def milliseconds(when: datetime) -> int:
    """Return an aware time in milliseconds since 1970."""
    return round(when.timestamp() * 1000)


def moment(at_ms: int) -> datetime:
    """Return milliseconds since 1970 as an aware UTC time."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
